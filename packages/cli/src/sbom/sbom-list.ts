import { readStatement } from "@mlsign/bundle";
import {
  decide,
  EXIT,
  exitOfVerdict,
  finding,
  hexOf,
  type JsonValue,
  printable,
  sha256,
} from "@mlsign/core";
import { type ClaimLine, type ModelIdentity, verifyClaims } from "@mlsign/evidence";
import { dirHash1, rootOf } from "@mlsign/manifest";
import { type AttachedBundle, isSignature } from "@mlsign/registry";
import { type BomComponent, readBom, SBOM_CLAIM_TYPE } from "@mlsign/sbom";
import { verifyModel } from "@mlsign/verify";
import type { Host } from "../host.ts";
import { resolveTrust, type ResolvedTrust, type TrustFlags } from "../options/trust-options.ts";
import {
  findStored,
  type FoundModel,
  namesOneFile,
  signedLocations,
} from "../registry/oci-location.ts";
import { say, writeJson } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";

export interface ListSbomFlags extends TrustFlags {
  readonly json?: boolean;
}

/**
 * Lists the packages of a model in a registry, from the bills of materials that refer to it: no
 * file of the model is fetched. With trust, only what a trusted signer signed counts.
 */
export async function listSbom(
  reference: string,
  flags: ListSbomFlags,
  host: Host,
): Promise<number> {
  const found = await findStored(reference.replace(/^oci:\/\//, ""), host);
  const resolved = await resolveTrust(flags, host, false);
  const boms = found.attached.bundles.filter(
    ({ predicateType }) => predicateType === SBOM_CLAIM_TYPE,
  );
  const counting = resolved === undefined ? boms : await trusted(boms, found, resolved, host);
  if (counting.length === 0) {
    const who = resolved === undefined ? "nobody attached" : "no trusted signer attached";
    const why = finding("sbom-match", "fail", `${who} a bill of materials to this model`, {
      fix: "have it signed and pushed: mlsign sbom attest, mlsign push",
    });
    const tool = { name: "mlsign", version: VERSION };
    const verdict = decide([why]);
    const subject = found.model.where;
    const report = { tool, command: "sbom list", subject, verdict, findings: [why] };
    printReport(report, { ...(flags.json && { json: true }) }, host);
    return exitOfVerdict(verdict);
  }
  const packages = packagesOf(counting);
  const verified = resolved !== undefined;
  if (!verified)
    say(host, "unverified: nobody was named to trust, so anybody may have written this list");
  if (flags.json) {
    const list = packages.map((it): JsonValue => ({ ...it }));
    const document = { model: found.model.where, verified, boms: counting.length, packages: list };
    writeJson(host, { schema: "urn:mlsign:sbom-list:v1", ...document });
  } else
    for (const { name, version, purl } of packages)
      host.out(`${printable([name, version ?? "-", purl ?? "-"].join("  "))}\n`);
  return EXIT.accepted;
}

interface Package {
  readonly name: string;
  readonly version: string | null;
  readonly purl: string | null;
}

async function trusted(
  boms: readonly AttachedBundle[],
  found: FoundModel,
  resolved: ResolvedTrust,
  host: Host,
): Promise<AttachedBundle[]> {
  const { single, manifestVerified } = await signedHow(found, resolved, host);
  const identity = identityOf(found, single);
  const lines = boms.map(({ referrer, text, bundle }): ClaimLine => {
    const digest = hexOf(sha256(text));
    return { file: referrer, line: 1, text, sha256: digest, bundle, fault: undefined };
  });
  const options = { now: host.clock(), trust: resolved.trust, manifestVerified };
  const claims = await verifyClaims(lines, identity, options);
  for (const { status, findings } of claims)
    if (status !== "counts") say(host, printable(findings[0]?.message ?? status));
  const counting = new Set(
    claims.filter(({ status }) => status === "counts").map(({ line }) => line.text),
  );
  return boms.filter(({ text }) => counting.has(text));
}

/** Whether a trusted signer signed these very names and digests, and as one file or as a folder. */
async function signedHow(
  found: FoundModel,
  { trust }: ResolvedTrust,
  host: Host,
): Promise<{ readonly single: boolean; readonly manifestVerified: boolean }> {
  for (const { elsewhere, directory, ownNames } of signedLocations(found, "digests")) {
    const data = elsewhere?.signature?.data;
    const signature = found.attached.bundles.find((it) => it.text === data?.toString("utf8"));
    if (elsewhere === undefined || signature === undefined) continue;
    const result = await verifyModel(elsewhere.source, signature.bundle, trust, {
      now: host.clock(),
      ownNames,
      refuseSignerIgnores: true,
      signal: host.signal,
    });
    if (decide(result.findings) === "accepted")
      return { single: !directory, manifestVerified: true };
  }
  // Without one, it is taken for what an untrusted one says: the claims bind the names themselves.
  const single =
    found.model.files.length === 1 &&
    found.attached.bundles.some((it) => isSignature(it) && namesOneFile(Buffer.from(it.text)));
  return { single, manifestVerified: false };
}

function identityOf({ model }: FoundModel, single: boolean): ModelIdentity {
  const files = model.files.map(({ name, digest }) => ({
    name: single ? "." : name,
    digest: digest.slice("sha256:".length),
  }));
  files.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return {
    name: model.where,
    root: rootOf(files.map((it) => ({ ...it, algorithm: "sha256" as const }))),
    dirHash1: dirHash1(files.map(({ name, digest }) => ({ path: name, sha256: digest }))),
  };
}

/** What is installed with a model: libraries, frameworks and the like, once each. */
function packagesOf(boms: readonly AttachedBundle[]): Package[] {
  const packages = new Map<string, Package>();
  for (const { bundle } of boms) {
    if (bundle.content.kind !== "dsse") continue;
    const { predicate } = readStatement(bundle.content.payload);
    for (const component of readBom(JSON.stringify(predicate)).components) {
      if (!isPackage(component)) continue;
      const { name, version = null, purl = null } = component;
      packages.set(purl ?? `${name}@${version}`, { name, version, purl });
    }
  }
  const order = [...packages].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return order.map(([, it]) => it);
}

function isPackage({ type, purl }: BomComponent): boolean {
  return PACKAGES.has(type) || (purl !== undefined && type !== "machine-learning-model");
}

const PACKAGES: ReadonlySet<string> = new Set(["library", "framework", "application"]);
