import { parseBundle, readStatement, type Statement } from "@mlsign/bundle";
import {
  decide,
  type Finding,
  finding,
  hexOf,
  messageOf,
  MlsignError,
  printable,
  sha256,
  type Verdict,
} from "@mlsign/core";
import { type ClaimLine, matchSubject, type ModelIdentity, readClaims } from "@mlsign/evidence";
import {
  authenticate,
  type Authenticated,
  evidenceFact,
  type GateTrust,
  lineageFact,
} from "@mlsign/gate";
import { checkLineage, type LineageClaim, LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import type { Listing, Manifest } from "@mlsign/manifest";
import { type EvidenceFact, isNamed, type LoadedPolicy, type PolicyFacts } from "@mlsign/policy";
import { verifyModel } from "@mlsign/verify";
import type { Host } from "../host.ts";
import type { LookFlags } from "../lineage/look-at-lineage.ts";
import { broughtAt, type BroughtModel, nameHere } from "../model/brought-model.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { type ModelLocation, signatureBytes } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import { progressLine } from "../terminal/progress-line.ts";
import type { ReviewFlags } from "./review-fact.ts";
import type { StorageFlags } from "./storage-fact.ts";

export interface GatherOptions extends LookFlags, StorageFlags, ReviewFlags {
  readonly to: string;
  /** How the deployment names the model and its image. */
  readonly reference?: readonly string[];
}

/** A bundle that was judged, for the summary's inputs. */
interface InputBundle {
  readonly uri: string;
  readonly sha256: string;
}

/** All that a policy judges of one model, and the bytes that it is about. */
export interface Gathered {
  readonly facts: PolicyFacts;
  readonly manifest: Manifest;
  readonly listing: Listing;
  readonly inputs: readonly InputBundle[];
  /** Of the signature over the files, and of their storage: why a rule did not pass. */
  readonly findings: readonly Finding[];
  /** Of the run that a registry names: what it logged against what the lineage claims. */
  readonly run: readonly Finding[];
}

/**
 * Gathers what a policy asks about: the signature over the bytes, each claim by whoever signed it,
 * the lineage looked at anew, lock files at its commit, the scan of the files, the card. What the
 * policy does not ask for is not looked at.
 */
export async function gatherFacts(
  location: ModelLocation,
  loaded: LoadedPolicy,
  trust: GateTrust,
  options: GatherOptions,
  host: Host,
): Promise<Gathered> {
  const { policy } = loaded;
  const signed = await signatureFact(location, trust, host);
  const { manifest, listing } = signed.files ?? (await claimManifest(location, {}, host));
  const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  const isSigned = signed.fact?.status === "valid";
  const { claims, told } = await claimsOf(location, identity, isSigned, trust, host);
  const trainers = policy.require.flatMap(({ type, by = [] }) => (type === "lineage" ? by : []));
  // A stranger's lineage names registries and commits: nobody is asked on a stranger's word.
  const named = claims.filter(({ fact }) => isNamed(fact.signer, trainers, policy));
  const lineages = await lineagesOf(named, options, host);
  const brought = broughtAt(location.path, host);
  const evidence = claims.map(({ fact }) => {
    const own = lineages.find(({ id }) => id === fact.id);
    return own === undefined ? fact : { ...fact, lineage: own.lineage };
  });
  const images = lineages.flatMap(({ lineage }) =>
    lineage.containers.map(({ repository, digest }) => `${repository}@${digest}`),
  );
  const dependencies = worst(lineages.flatMap(({ locks }) => locks));
  const card = policy.card && (await import("./card-fact.ts")).cardFact(location, manifest, host);
  // What lies elsewhere may be known by its digests alone: there is nothing here to scan.
  const scan =
    policy.scan && location.elsewhere === undefined && (await scanVerdict(listing, manifest, host));
  const storage =
    policy.storage &&
    (await (await import("./storage-fact.ts")).storageFact(location.path, options, loaded, host));
  const review =
    policy.review && (await (await import("./review-fact.ts")).reviewFact(options, host));
  return {
    manifest,
    listing,
    findings: [...signed.findings, ...told, ...(storage?.findings ?? [])],
    run: brought ? await runFindingsOf(lineages, brought) : [],
    inputs: [...signed.inputs, ...claims.map(({ input }) => input)],
    facts: {
      target: options.to,
      digests: [
        manifest.root,
        manifest.dirHash1,
        ...manifest.files.map((it) => it.digests.sha256),
      ].flatMap((hex) => (hex === undefined ? [] : [`sha256:${hex}`])),
      evidence: [...(signed.fact ? [signed.fact] : []), ...evidence],
      ...(signed.ignored && { ignoredFiles: signed.ignored }),
      ...(dependencies && { dependencies }),
      ...(card && { card }),
      ...(scan && { scan }),
      ...(storage && { storage: storage.fact }),
      ...(review && { review }),
      ...((options.reference ?? images).length > 0 && {
        references: [...(options.reference ?? []), ...images],
      }),
    },
  };
}

interface SignedFiles {
  readonly fact: EvidenceFact | undefined;
  readonly files: { readonly manifest: Manifest; readonly listing: Listing } | undefined;
  readonly ignored: readonly string[] | undefined;
  readonly inputs: readonly InputBundle[];
  readonly findings: readonly Finding[];
}

/** The signature over the files, by whoever made it; the bytes are hashed in this one pass. */
async function signatureFact(
  location: ModelLocation,
  trust: GateTrust,
  host: Host,
): Promise<SignedFiles> {
  const none = { fact: undefined, files: undefined, ignored: undefined, inputs: [], findings: [] };
  const data = signatureBytes(location);
  if (data === undefined) return none;
  const id = hexOf(sha256(data));
  const inputs = [{ uri: nameHere(location.signaturePath, host) ?? "model.sig", sha256: id }];
  const broken = { ...none, inputs, fact: { id, type: "signature", status: "invalid" } as const };
  let bundle;
  try {
    bundle = parseBundle(data);
  } catch (error) {
    if (error instanceof MlsignError && error.category === "refused") return broken;
    throw error;
  }
  const by = await authenticate(bundle, "model-signature", trust);
  const { status, signer, time, logged = false, timestamped = false } = by;
  if (by.trust === undefined) {
    return { ...broken, fact: { ...broken.fact, status, ...(signer && { signer }) } };
  }
  const progress = progressLine(host);
  const result = await verifyModel(modelSource(location, false), bundle, by.trust, {
    now: host.clock(),
    ownNames: location.ownNames,
    onProgress: progress.onProgress,
    signal: host.signal,
  }).finally(() => progress.end());
  const verdict = decide(result.findings);
  const { manifest, listing } = result;
  const whole =
    manifest?.serialization.method === "files" && manifest.serialization.hashType === "sha256";
  return {
    inputs,
    findings: verdict === "accepted" ? [] : result.findings,
    ignored: result.findings
      .filter(({ code }) => code === "file-uncovered")
      .map(({ subject = "?" }) => subject),
    files: whole && listing ? { manifest, listing } : undefined,
    fact: {
      id,
      type: "signature",
      status: verdict === "accepted" ? status : verdict === "undecided" ? "unknown" : "invalid",
      ...(signer && { signer }),
      ...(time !== undefined && { time }),
      logged,
      timestamped,
    },
  };
}

interface GatheredClaim {
  readonly fact: EvidenceFact;
  readonly statement: Statement;
  readonly by: Authenticated;
  readonly input: InputBundle;
}

/**
 * Claims about this very model; one of another or an older model says nothing of it. A line that
 * counts for nothing though it might be meant to is told.
 */
async function claimsOf(
  location: ModelLocation,
  model: ModelIdentity,
  manifestVerified: boolean,
  trust: GateTrust,
  host: Host,
): Promise<{ readonly claims: readonly GatheredClaim[]; readonly told: readonly Finding[] }> {
  const claims: GatheredClaim[] = [];
  const told: Finding[] = [];
  for (const line of readClaims(claimsFiles(location))) {
    const statement = statementOf(line);
    const file = nameHere(line.file, host) ?? line.file;
    const place = { subject: `${file}:${line.line}`, location: { path: file, line: line.line } };
    if (statement === undefined || line.bundle === undefined) {
      const why = printable(line.fault ?? "it holds no statement");
      told.push(finding("claim-form", "fail", `claim ${line.line} is damaged: ${why}`, place));
      continue;
    }
    const matches = new Set(statement.subject.map((subject) => matchSubject(subject, model)));
    if (!matches.has("both") && !(matches.has("root") && manifestVerified)) {
      if (matches.has("root") || matches.has("renamed")) {
        const message = `claim ${line.line} is about these contents, and not bound to their names`;
        told.push(finding("claim-subject", "fail", message, place));
      }
      continue;
    }
    const by = await authenticate(line.bundle, "claim", trust);
    let fact;
    try {
      fact = evidenceFact(line.sha256, statement, by);
    } catch (error) {
      // A predicate that is none of its type: it says nothing that a policy could judge.
      if (!(error instanceof MlsignError)) throw error;
      told.push(finding("claim-form", "fail", `claim ${line.line}: ${messageOf(error)}`, place));
      continue;
    }
    claims.push({
      fact,
      statement,
      by,
      input: { uri: `${file}#${line.line}`, sha256: line.sha256 },
    });
  }
  return { claims, told };
}

function statementOf({ bundle }: ClaimLine): Statement | undefined {
  if (bundle?.content.kind !== "dsse") return undefined;
  try {
    return readStatement(bundle.content.payload);
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

/** Each valid lineage, looked at anew at its own commit. */
async function lineagesOf(claims: readonly GatheredClaim[], options: GatherOptions, host: Host) {
  const lineages = [];
  for (const { fact, statement, by } of claims) {
    if (statement.predicateType !== LINEAGE_PREDICATE || fact.status !== "valid") continue;
    const claim: LineageClaim = readLineage(statement.predicate);
    // Loaded where there is a lineage: a start without it is a quarter faster.
    const { lookAtLineage } = await import("../lineage/look-at-lineage.ts");
    const looked = await lookAtLineage(claim, by.result?.certificate, options, host);
    const findings = checkLineage(claim, looked);
    const { live, certificate, containerExists, pins } = looked;
    const lineage = lineageFact(claim, { live, findings, certificate, containerExists });
    const locks = claim.locks.map(({ path }): Verdict => {
      const same = findings.some(
        (it) => it.code === "lineage-pins" && it.outcome === "fail" && it.location?.path === path,
      );
      return same ? "refused" : (pins.get(path) ?? "undecided");
    });
    lineages.push({ id: fact.id, claim, lineage, locks });
  }
  return lineages;
}

async function runFindingsOf(
  lineages: readonly { readonly claim: LineageClaim }[],
  brought: BroughtModel,
): Promise<readonly Finding[]> {
  const { runFindings } = await import("../registry/mlflow-triple.ts");
  return runFindings(
    lineages.map(({ claim }) => claim),
    brought,
  );
}

async function scanVerdict(listing: Listing, manifest: Manifest, host: Host): Promise<Verdict> {
  const { scanInputs, scanModel } = await import("../scan/scan-model.ts");
  const { findings } = await scanModel(scanInputs(listing, manifest), undefined, host);
  return decide(findings);
}

function worst(verdicts: readonly Verdict[]): Verdict | undefined {
  const order: readonly Verdict[] = ["refused", "defect", "undecided", "accepted"];
  return order.find((verdict) => verdicts.includes(verdict));
}
