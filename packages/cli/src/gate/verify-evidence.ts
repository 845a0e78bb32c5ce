import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  decide,
  exitOfVerdict,
  type Finding,
  finding,
  formatBytes,
  MlsignError,
  parseJson,
  printable,
} from "@mlsign/core";
import { type EvidenceArchive, type EvidenceIndex, readEvidence } from "@mlsign/evidence";
import { toListing, type TreeSource } from "@mlsign/manifest";
import { readFacts } from "@mlsign/policy";
import type { Host } from "../host.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { withPrivateFolder } from "../model/private-folder.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { judgeLocation, type PolicyFlags } from "./judge-policy.ts";
import { policyDigest } from "./policy-digest.ts";
import { signedPolicyOf } from "./policy-flag.ts";
import { withRecorded } from "./recorded-facts.ts";
import { checkTarget } from "./target.ts";
import { refuseTrustWithEvidence } from "./verify-otherwise.ts";
import { reportOf } from "./verify-policy.ts";

export interface VerifyEvidenceOptions
  extends Omit<PolicyFlags, "policy" | "to">, TrustFlags, ReportOptions {
  readonly evidence: string;
  readonly policy?: string;
  readonly policyDigest?: readonly string[];
  readonly to?: string;
  readonly recorded?: boolean;
}

/**
 * Repeats a verdict from an archive of evidence, offline: signatures and claims are verified against
 * the caller's roots, digests are compared, no byte of the model or its data is seen, and that is
 * said. Nothing of the archive vouches for itself: not its roots, not its policy, not what its
 * exporter saw of the world.
 */
export async function verifyEvidence(options: VerifyEvidenceOptions, host: Host): Promise<number> {
  checkFormat(options);
  refuseTrustWithEvidence(options);
  const archive = await readEvidence(resolve(host.cwd, options.evidence));
  const to = options.to ?? archive.index.target;
  checkTarget(to);
  return withPrivateFolder(async (folder) => {
    const flags = { ...options, to, offline: true };
    const policy = await policyFor(archive, folder, options, host);
    const location = unpack(archive, folder);
    const judged = await judgeLocation(location, policy.loaded, flags, host, (seen) => {
      const data = archive.parts.get("facts.json");
      if (options.recorded !== true || data === undefined) return { facts: seen, recorded: [] };
      return withRecorded(seen, readFacts(parseJson(data)));
    });
    const findings: Finding[] = [
      ...policy.findings,
      ...unseen(archive.index),
      ...judged.recorded.map((what) =>
        finding("facts-seen", "fail", `${what}: as the exporter recorded it, not looked at again`, {
          severity: "note",
        }),
      ),
      ...judged.findings,
    ];
    const own = policy.findings.length === 0 ? "accepted" : decide(policy.findings);
    const verdict = own === "accepted" || judged.verdict === "refused" ? judged.verdict : own;
    const report = reportOf("verify", options.evidence, { ...judged, verdict, findings }, host);
    printReport(report, options, host);
    return exitOfVerdict(verdict);
  });
}

/** The caller's policy, else the archive's; who vouches for that one must be named by the caller. */
async function policyFor(
  { parts }: EvidenceArchive,
  folder: string,
  options: VerifyEvidenceOptions,
  host: Host,
) {
  if (options.policy !== undefined)
    return { loaded: await signedPolicyOf(options.policy, options, host), findings: [] };
  const data = parts.get("policy.yaml");
  if (data === undefined)
    throw new MlsignError("usage", "Cannot judge: the evidence holds no policy", {
      hint: "give one with --policy",
    });
  const file = join(folder, "policy.yaml");
  writeFileSync(file, data);
  const signature = parts.get("policy.yaml.sig");
  if (signature !== undefined) writeFileSync(`${file}.sig`, signature);
  const loaded = { ...(await signedPolicyOf(file, options, host)), source: "policy.yaml" };
  const wanted = options.policyDigest?.map(policyDigest);
  if (wanted !== undefined && !wanted.includes(loaded.sha256)) {
    const message = `the archive's policy is sha256:${loaded.sha256}, and not one that you named`;
    return { loaded, findings: [finding("policy-vouched", "fail", message)] };
  }
  const signer = options.policyKey ?? options.policyIdentity;
  if (wanted !== undefined || signer !== undefined) {
    const message = "you named the policy that the archive holds, or who signed it";
    return { loaded, findings: [finding("policy-vouched", "pass", message)] };
  }
  const message = "the policy is the archive's own: nobody whom you named vouches for it";
  const fix = `look at it, then add --policy-digest sha256:${loaded.sha256}, or give --policy or --policy-key`;
  return { loaded, findings: [finding("policy-vouched", "unknown", message, { fix })] };
}

/** Where the evidence lies for the time of the command; the model's bytes are nowhere. */
function unpack({ index, parts }: EvidenceArchive, folder: string): ModelLocation {
  const path = join(folder, "model");
  const { directory } = index;
  if (directory) mkdirSync(path);
  const claims = parts.get("claims.jsonl");
  if (claims !== undefined)
    writeFileSync(directory ? join(path, "claims.jsonl") : `${path}.claims.jsonl`, claims);
  const source = namedSource(index, path);
  return {
    path,
    directory,
    signaturePath: directory ? join(path, "model.sig") : `${path}.sig`,
    ownNames: [],
    elsewhere: { source, digests: source, signature: { data: parts.get("model.sig") } },
  };
}

/** A model of which nothing is known but the digests that the archive names. */
function namedSource(
  { model: name, directory, files, ignored }: EvidenceIndex,
  root: string,
): TreeSource {
  const digests = new Map(files.map(({ path, sha256 }) => [path, { sha256, read: false }]));
  return {
    list: async (options = {}) => {
      const kind = directory ? "directory" : "file";
      const only = options.only === undefined ? undefined : new Set(options.only);
      const listed = files
        .filter(({ path }) => only?.has(path) !== false)
        .map(({ path, size }) => ({ name: path, size }));
      return toListing({ kind, name, root, files: listed, ignored: [...ignored] }, options);
    },
    open: () => ({ kind: "digests", digest: async ({ name: path }) => digests.get(path) }),
  };
}

function unseen({ files }: EvidenceIndex): Finding[] {
  const bytes = formatBytes(files.reduce((sum, { size }) => sum + size, 0));
  const count = `${files.length} ${files.length === 1 ? "file" : "files"}`;
  return [
    finding("bytes-read", "fail", `not seen: the bytes of the model (${count}, ${bytes})`, {
      severity: "note",
      evidence: { unread: files.slice(0, 100).map(({ path }) => printable(path)) },
    }),
  ];
}
