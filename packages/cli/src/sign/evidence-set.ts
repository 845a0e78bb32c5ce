import { resolve } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import type { CheckedDependencies } from "@mlsign/deps";
import type { LineageFacts } from "@mlsign/lineage";
import type { Manifest } from "@mlsign/manifest";
import { type BomTruth, readBom } from "@mlsign/sbom";
import { cardClaim } from "../card/card-claim.ts";
import type { ReadCard } from "../card/card-file.ts";
import { cardPolicy } from "../card/card-policy.ts";
import { findCard } from "../card/find-card.ts";
import { depsClaim } from "../deps/deps-claim.ts";
import type { Host } from "../host.ts";
import { lineageClaim, lineageOf } from "../lineage/lineage-claim.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { repositoryRoot } from "../model/repository-root.ts";
import type { EvidenceFlags } from "../options/evidence-options.ts";
import { modelBom } from "../sbom/model-bom.ts";
import { sbomClaim } from "../sbom/sbom-claim.ts";
import { readBomFile } from "../sbom/sbom-file.ts";
import { bomTruth, datasetsOf } from "../sbom/sbom-truth.ts";
import type { ClaimDraft } from "./attest-draft.ts";

type EvidenceKind = "card" | "sbom" | "deps" | "lineage";

/** The claims that go beside a model, and in words what there is no claim for. */
export interface EvidenceSet {
  readonly drafts: readonly (ClaimDraft & { readonly kind: EvidenceKind })[];
  readonly missing: readonly string[];
}

/**
 * Makes every claim that was asked for, each checked against the bytes and against the others:
 * the lineage and the lock files first, for the bill of materials holds what they say.
 *
 * @throws MlsignError where a named file is not there or cannot be read
 */
export async function evidenceSet(
  model: { readonly location: ModelLocation; readonly manifest: Manifest },
  flags: EvidenceFlags,
  host: Host,
): Promise<EvidenceSet> {
  checkWords(flags);
  const missing: string[] = [];
  const drafts: EvidenceSet["drafts"][number][] = [];
  const found =
    flags.card === undefined
      ? { missing: "card: not configured" }
      : findCard(model.location, flags.card, host);
  const card = "missing" in found ? undefined : found;
  if ("missing" in found) missing.push(found.missing);
  // Claims name files as the repository does, wherever in it the command runs.
  const root = (await repositoryRoot(host.cwd)) ?? host.cwd;
  const deps = flags.deps === undefined ? undefined : depsClaim(flags.deps, flags, host, root);
  const lineage = await lineageFor(flags, deps?.checked, { root, ...model }, host);

  if (flags.lineage === undefined) missing.push("lineage: not configured");
  else if (lineage !== undefined) {
    drafts.push({ kind: "lineage", ...lineageClaim(lineage, host) });
    missing.push(...lineage.missing.map((what) => `lineage: ${what}`));
  }
  if (deps === undefined) missing.push("deps: not configured");
  else if (deps.draft === undefined) missing.push(`deps: ${undecided(deps.checked)}`);
  else drafts.push({ kind: "deps", ...deps.draft });

  const bom = await bomFor(model, { card, lineage, locks: deps?.checked }, flags, host);
  if (bom === undefined) missing.push("sbom: not configured");
  else {
    drafts.push({ kind: "sbom", ...(await sbomClaim(bom.text, bom.truth)) });
    missing.push(...bom.missing.map((what) => `sbom: ${what}`));
  }
  if (card !== undefined) {
    const policy = cardPolicy({ ...(flags.cardPolicy && { policy: flags.cardPolicy }) }, host);
    const view = bom && readBom(bom.text);
    drafts.push({
      kind: "card",
      ...cardClaim(card, model, { policy, ...(view && { bom: view }) }),
    });
  }
  return { drafts, missing: [...new Set(missing)] };
}

function checkWords({ lineage }: EvidenceFlags): void {
  if (lineage === undefined || lineage === "auto") return;
  throw new MlsignError("usage", `Cannot use --lineage ${printable(lineage)}: it takes auto`, {
    hint: "name the data with --data, and the image with --container",
  });
}

/** The bill of materials holds commit, data and container too, whether or not they are a claim. */
async function lineageFor(
  flags: EvidenceFlags,
  locks: CheckedDependencies | undefined,
  { root, location }: { readonly root: string; readonly location: ModelLocation },
  host: Host,
): Promise<LineageFacts | undefined> {
  if (flags.lineage === undefined && flags.sbom !== "auto") return undefined;
  // Folders are for the check: the lineage holds the files that were found in them.
  const deps = locks?.files.map(({ path }) => resolve(root, path)) ?? [];
  return lineageOf({ ...flags, deps }, location, host);
}

interface Bom {
  readonly text: Buffer | string;
  readonly truth: BomTruth;
  readonly missing: readonly string[];
}

async function bomFor(
  { manifest }: { readonly manifest: Manifest },
  known: {
    readonly card: ReadCard | undefined;
    readonly lineage: LineageFacts | undefined;
    readonly locks: CheckedDependencies | undefined;
  },
  flags: EvidenceFlags,
  host: Host,
): Promise<Bom | undefined> {
  const { card, lineage, locks } = known;
  if (flags.sbom === undefined) return undefined;
  const truth = bomTruth(manifest, { locks, lineage: lineage && truthOfFacts(lineage) });
  if (flags.sbom !== "auto") {
    return { text: readBomFile(flags.sbom, host).bytes, truth, missing: [] };
  }
  const { json, missing } = await modelBom({
    manifest,
    name: flags.name,
    version: flags.modelVersion,
    card: card?.card,
    lineage,
    locks,
    now: host.clock(),
  });
  // What the lineage lacks is said of the lineage, where there is a claim of it.
  const told = flags.lineage === undefined ? [] : (lineage?.missing ?? []);
  const own = missing.filter((what) => !told.includes(what));
  return { text: json, truth, missing: own };
}

function truthOfFacts(lineage: LineageFacts): Omit<BomTruth, "files" | "root" | "dependencies"> {
  const { source, container } = lineage;
  const datasets = datasetsOf(lineage);
  const digest = container?.digest;
  return {
    ...(datasets.length > 0 && { datasets }),
    ...(source !== undefined && { commit: source.commit }),
    ...(container !== undefined &&
      digest !== undefined && { container: { reference: container.reference, digest } }),
  };
}

function undecided({ files, verdict }: CheckedDependencies): string {
  return files.length === 0 ? "no dependency file was found" : `the check was ${verdict}`;
}
