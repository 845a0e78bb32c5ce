import { relative } from "node:path";
import { IN_TOTO, MODEL_SIGNATURE, statementBytes } from "@mlsign/bundle";
import {
  decide,
  EXIT,
  exitOfVerdict,
  type Finding,
  formatBytes,
  type JsonObject,
  printable,
} from "@mlsign/core";
import { attestClaim, claimSubject } from "@mlsign/evidence";
import { writeFileAtomic } from "@mlsign/files";
import { type Manifest, omsPredicate, wholeFiles } from "@mlsign/manifest";
import { signEnvelope } from "@mlsign/sign";
import type { Host } from "../host.ts";
import { broughtName, placeOf } from "../model/brought-model.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import { type EvidenceFlags, wantsEvidence } from "../options/evidence-options.ts";
import { type ResolvedSigner, resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { say, writeJson } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { tellFindings } from "./attest-draft.ts";
import type { EvidenceSet } from "./evidence-set.ts";
import { checkSignature } from "./self-check.ts";
import { type ManifestFlags, signManifest } from "./sign-manifest.ts";
import { appendTo } from "./write-claims.ts";

export interface SignOptions extends SignerFlags, EvidenceFlags, ManifestFlags {
  readonly signature?: string;
  readonly config?: string;
  readonly allowUnsafe?: string;
  readonly json?: boolean;
}

/** A signature, with who made it, in words. */
type SignedModel = Awaited<ReturnType<typeof signEnvelope>> & { readonly signer: string };

/** Signs a model and, where it was asked for, every claim that goes beside it: all of them, or nothing. */
export async function signModel(model: string, options: SignOptions, host: Host): Promise<number> {
  const location = locateModel(placeOf(model, host), host.cwd, options.signature);
  const resolved = await resolveSigner(options, host, "model-signature");
  const evident = wantsEvidence(options) || options.allowUnsafe !== undefined;
  const { manifest, listing } = await signManifest(location, { ...options, evident }, host);
  const claimed = evident ? wholeFiles(manifest) : undefined;
  const { scanFirst } = await import("./scan-first.ts");
  const scan = await scanFirst({ listing, manifest }, options.allowUnsafe, host);
  const evidence =
    claimed && wantsEvidence(options)
      ? await evidenceFor({ location, manifest: claimed }, options, host)
      : undefined;
  const findings = [
    ...scan.refusals,
    ...(evidence?.drafts.flatMap((draft) => draft.findings) ?? []),
  ];
  const verdict = decide(findings);
  if (verdict === "refused" || verdict === "defect") {
    return refuse(model, findings, options, host);
  }
  const signature = await signManifested(listing.name, manifest, resolved, host);
  const claims: string[] = [];
  const scanned = scan.draft === undefined ? [] : [{ kind: "scan", ...scan.draft }];
  const drafts = [...scanned, ...(evidence?.drafts ?? [])];
  for (const draft of drafts) {
    const subject = claimSubject(listing.name, claimed ?? manifest);
    const { predicateType, predicate } = draft;
    const claim = await attestClaim({ predicateType, predicate }, { subject, ...resolved });
    await checkSignature(claim, resolved, host.clock());
    claims.push(claim.text);
  }
  // The claims first: a signature that is there has its evidence.
  const written = claims.length === 0 ? undefined : appendTo(location, claims, host);
  writeFileAtomic(location.signaturePath, signature.text);

  tellSigned(model, location, { manifest, signer: signature.signer }, host);
  tellEvidence({ evidence, kinds: drafts.map(({ kind }) => kind) }, written, options, host);
  for (const note of scan.notes) say(host, note);
  tellFindings(findings, host);
  if (options.json) {
    writeJson(host, {
      ...signedJson(model, location, manifest, signature, host),
      method: resolved.method,
      scan: scan.json,
      evidence: evidenceJson(evidence, written),
    });
  }
  return EXIT.accepted;
}

async function evidenceFor(
  model: { readonly location: ModelLocation; readonly manifest: Manifest },
  options: SignOptions,
  host: Host,
): Promise<EvidenceSet> {
  const { evidenceSet } = await import("./evidence-set.ts");
  return evidenceSet(model, options, host);
}

function refuse(
  model: string,
  findings: readonly Finding[],
  { json = false }: SignOptions,
  host: Host,
): number {
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "sign", subject: model, verdict, findings }, { json }, host);
  say(host, "nothing was signed");
  return exitOfVerdict(verdict);
}

/** A service that lied is found here and not in production. */
async function signManifested(
  name: string,
  manifest: Manifest,
  resolved: ResolvedSigner,
  host: Host,
): Promise<SignedModel> {
  const payload = statementBytes({
    subject: [{ name, digest: { sha256: manifest.root } }],
    predicateType: MODEL_SIGNATURE,
    predicate: omsPredicate(manifest),
  });
  if (resolved.logsPayload && payload.length > REKOR_LIMIT) {
    say(
      host,
      `the log receives the whole list of files (${formatBytes(payload.length)}), and may refuse it`,
    );
  }
  const signature = await signEnvelope(IN_TOTO, payload, { ...resolved, form: "oms" });
  return { ...signature, signer: await checkSignature(signature, resolved, host.clock()) };
}

function tellSigned(
  model: string,
  location: ModelLocation,
  { manifest, signer }: { readonly manifest: Manifest; readonly signer: string },
  host: Host,
): void {
  const files = `${manifest.files.length} ${manifest.files.length === 1 ? "file" : "files"}`;
  say(host, `signed ${printable(model)} (${files}, ${formatBytes(bytesOf(manifest))}) ${signer}`);
  say(host, `wrote ${shownSignature(location, host)}`);
}

function tellEvidence(
  {
    evidence,
    kinds,
  }: { readonly evidence: EvidenceSet | undefined; readonly kinds: readonly string[] },
  written: { readonly file: string; readonly added: number } | undefined,
  { config }: SignOptions,
  host: Host,
): void {
  if (written !== undefined) {
    const had = written.added < kinds.length ? " (some stood there already)" : "";
    say(host, `added ${kinds.join(", ")} to ${printable(written.file)}${had}`);
  }
  const none = config === undefined ? [] : ["card, sbom, deps, lineage: not configured"];
  for (const what of evidence?.missing ?? none) say(host, `missing evidence: ${printable(what)}`);
}

function signedJson(
  model: string,
  location: ModelLocation,
  manifest: Manifest,
  { bundle: { tlogEntries, timestamps } }: SignedModel,
  host: Host,
): JsonObject {
  return {
    schema: "urn:mlsign:sign:v1",
    model,
    signature: shownSignature(location, host),
    root: manifest.root,
    dirHash1: manifest.dirHash1 ?? null,
    files: manifest.files.length,
    bytes: bytesOf(manifest),
    logEntries: tlogEntries.map(({ logIndex, logId }) => ({
      logIndex,
      logId: logId.keyId.toString("hex"),
    })),
    timestamps: timestamps.length,
  };
}

function evidenceJson(
  evidence: EvidenceSet | undefined,
  written: { readonly file: string; readonly added: number } | undefined,
): JsonObject | null {
  if (evidence === undefined) return null;
  return {
    claims: written?.file ?? null,
    added: written?.added ?? 0,
    kinds: evidence.drafts.map(({ kind, predicateType }) => ({ kind, predicateType })),
    missing: [...evidence.missing],
  };
}

function bytesOf(manifest: Manifest): number {
  return manifest.files.reduce((sum, { size }) => sum + size, 0);
}

function shownSignature({ signaturePath }: ModelLocation, host: Host): string {
  const shown = broughtName(signaturePath, host) ?? relative(host.cwd, signaturePath);
  return printable(shown || signaturePath);
}

const REKOR_LIMIT = 100 * 1024;
