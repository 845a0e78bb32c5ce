import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import {
  decide,
  exitOfVerdict,
  type Finding,
  MlsignError,
  parseJson,
  printable,
} from "@mlsign/core";
import { appendClaims } from "@mlsign/evidence";
import { writeFileAtomic } from "@mlsign/files";
import { readModelStatement } from "@mlsign/manifest";
import { isSignature } from "@mlsign/registry";
import { type ModelResult, verifyModel } from "@mlsign/verify";
import type { Host } from "../host.ts";
import type { ModelLocation } from "../model/model-location.ts";
import type { ResolvedTrust, TrustFlags } from "../options/trust-options.ts";
import { say } from "../terminal/output.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { factsOf } from "../verify/facts.ts";
import { requireTrust } from "../verify/verified-claims.ts";
import { withCopy } from "../verify/verified-copy.ts";
import { VERSION } from "../version.ts";
import { findStored, type FoundModel, signedLocations } from "./oci-location.ts";

export interface PullFlags extends TrustFlags, ReportOptions {
  readonly into: string;
  readonly signerIgnores: boolean;
  readonly requireLog?: boolean;
  readonly requireTimestamp?: boolean;
}

/**
 * Fetches a model by its digest, with its signature and claims, into a new directory that is there
 * only once all of it was verified. A model that nobody trusted signed is refused before its bytes
 * are fetched.
 */
export async function pullFromRegistry(
  reference: string,
  flags: PullFlags,
  host: Host,
): Promise<number> {
  checkFormat(flags);
  const resolved = await requireTrust(flags, host);
  const found = await findStored(reference, host);
  const location = await signedByTrusted(found, resolved, flags, host);
  const data = location.elsewhere?.signature?.data ?? Buffer.alloc(0);
  const final = resolve(host.cwd, flags.into);
  const outside =
    location.directory && !leavesOutClaims(data) ? `${final}.claims.jsonl` : undefined;
  if (outside !== undefined && existsSync(outside))
    throw new MlsignError("output-exists", `Cannot write ${printable(outside)}: it exists`);
  const claims = claimsOf(found);
  const result = await withCopy(flags.into, host.cwd, async (into) => {
    const value = await verifyAt(
      location,
      resolved,
      { ...flags, ...(into && { copy: into }) },
      host,
    );
    const keep = decide(value.findings) === "accepted";
    if (keep && into !== undefined)
      writeEvidence(into, { location, found, data, claims: outside === undefined ? claims : [] });
    return { value, keep };
  });
  const verdict = decide(result.findings);
  if (verdict === "accepted" && outside !== undefined) appendClaims(outside, claims);
  if (verdict === "accepted")
    say(host, `${printable(flags.into)} holds the model and ${claims.length} claims about it`);
  await report(found.model.where, result, { resolved, data }, flags, host);
  return exitOfVerdict(verdict);
}

/** The signature that counts, from digests alone, where they tell. */
async function signedByTrusted(
  found: FoundModel,
  resolved: ResolvedTrust,
  flags: PullFlags,
  host: Host,
): Promise<ModelLocation> {
  const locations = signedLocations(found, "bytes");
  const [first] = locations;
  if (first.elsewhere?.signature?.data === undefined) {
    throw new MlsignError("unsigned", `Cannot pull ${found.model.where}: it is unsigned`, {
      hint: "no signature refers to it: have it pushed with mlsign push",
    });
  }
  let perhaps: ModelLocation | undefined;
  for (const location of locations) {
    const { elsewhere } = location;
    if (elsewhere?.digests === undefined) continue;
    const quick = { ...location, elsewhere: { ...elsewhere, source: elsewhere.digests } };
    const { findings } = await verifyAt(quick, resolved, flags, host);
    const verdict = decide(findings);
    if (verdict === "accepted") return location;
    if (verdict === "undecided") perhaps ??= location;
  }
  if (perhaps !== undefined) return perhaps;
  // None counts: what is wrong with the first is what is told, and no byte is fetched for it.
  const { elsewhere } = first;
  return elsewhere?.digests === undefined
    ? first
    : { ...first, elsewhere: { ...elsewhere, source: elsewhere.digests } };
}

async function verifyAt(
  location: ModelLocation,
  { trust }: ResolvedTrust,
  flags: PullFlags & { readonly copy?: string },
  host: Host,
): Promise<ModelResult> {
  const { elsewhere } = location;
  if (elsewhere?.signature?.data === undefined) throw new TypeError("no signature");
  const { requireLog = false, requireTimestamp = false, signerIgnores } = flags;
  const unread = elsewhere.source === elsewhere.digests;
  const progress = progressLine(host);
  try {
    return await verifyModel(elsewhere.source, parseBundle(elsewhere.signature.data), trust, {
      now: host.clock(),
      ownNames: location.ownNames,
      refuseSignerIgnores: !signerIgnores,
      requireLog,
      requireTimestamp,
      ...(flags.copy !== undefined && !unread && { into: flags.copy }),
      onProgress: progress.onProgress,
      signal: host.signal,
    });
  } finally {
    progress.end();
  }
}

function claimsOf({ attached }: FoundModel): string[] {
  return attached.bundles.filter((it) => !isSignature(it)).map(({ text }) => text);
}

function writeEvidence(
  into: string,
  {
    location,
    found,
    data,
    claims,
  }: {
    readonly location: ModelLocation;
    readonly found: FoundModel;
    readonly data: Buffer;
    readonly claims: readonly string[];
  },
): void {
  const file = found.model.files[0]?.name ?? "model";
  const stem = location.directory ? undefined : join(into, file);
  writeFileAtomic(stem === undefined ? join(into, "model.sig") : `${stem}.sig`, data);
  if (claims.length === 0) return;
  appendClaims(stem === undefined ? join(into, "claims.jsonl") : `${stem}.claims.jsonl`, claims);
}

/** Somebody else's signature may cover a claims file: it then lies beside the model. */
function leavesOutClaims(data: Buffer): boolean {
  try {
    const { content } = parseBundle(data);
    if (content.kind !== "dsse") return false;
    const { serialization } = readModelStatement(parseJson(content.payload));
    return serialization.ignorePaths.includes("claims.jsonl");
  } catch (error) {
    if (error instanceof MlsignError) return false;
    throw error;
  }
}

async function report(
  subject: string,
  result: ModelResult,
  signed: { readonly resolved: ResolvedTrust; readonly data: Buffer },
  flags: PullFlags,
  host: Host,
): Promise<void> {
  const { manifest } = result;
  const facts = await factsOf(parseBundle(signed.data), result, signed.resolved, host.clock(), {
    root: manifest?.root ?? null,
    dirHash1: manifest?.dirHash1 ?? null,
    files: manifest?.files.length ?? 0,
    bytes: manifest?.files.reduce((sum, { size }) => sum + size, 0) ?? 0,
  });
  const findings: readonly Finding[] = result.findings;
  const tool = { name: "mlsign", version: VERSION };
  const verdict = decide(findings);
  printReport({ tool, command: "pull", subject, verdict, findings, facts }, flags, host);
}
