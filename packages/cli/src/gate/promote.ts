import { resolve } from "node:path";
import { exitOfVerdict, isRecord, MlsignError, parseJson, printable } from "@mlsign/core";
import { attestClaim, claimSubject } from "@mlsign/evidence";
import { writeFileAtomic } from "@mlsign/files";
import { SUMMARY_PREDICATE, summaryPredicate } from "@mlsign/gate";
import { toJson, toMarkdown } from "@mlsign/report";
import type { Host } from "../host.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { checkSignature } from "../sign/self-check.ts";
import { appendTo } from "../sign/write-claims.ts";
import { say, writeJson } from "../terminal/output.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { checkTarget } from "./approve.ts";
import { judgeByPolicy, type Judged, type PolicyFlags } from "./judge-policy.ts";
import { levelsOf, resourceOf } from "./levels.ts";
import { reportOf, writeSummary } from "./verify-policy.ts";

export interface PromoteOptions extends PolicyFlags, SignerFlags, ReportOptions {
  readonly resource?: string;
  readonly dsse?: string;
  readonly summary?: string;
}

/**
 * Judges a model by a policy and, where it is accepted, signs that as a verification summary beside
 * the model. What is refused or undecided is told, and nothing is signed; nor is what only a policy
 * that warns let pass.
 */
export async function promoteModel(
  model: string,
  options: PromoteOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  checkTarget(options.to);
  // Before anything is read, so that a wrong key costs no hour of hashing.
  const resolved = await resolveSigner(options, host, "claim");
  const judged = await judgeByPolicy(model, options, host);
  const { verdict, location, gathered, evaluation } = judged;
  const report = reportOf("promote", model, judged, host);
  if (options.summary !== undefined) writeSummary(options.summary, toMarkdown(report), host);
  if (evaluation.enforced !== "accepted") {
    printReport(report, options, host);
    say(host, "nothing was signed: the policy does not accept this model");
    return exitOfVerdict(verdict === "accepted" ? evaluation.enforced : verdict);
  }
  const predicate = summaryOf(judged, options, host);
  const { manifest, listing } = gathered;
  const signature = await attestClaim(
    { predicateType: SUMMARY_PREDICATE, predicate },
    { subject: claimSubject(listing.name, manifest), ...resolved },
  );
  await checkSignature(signature, resolved, host.clock());
  if (options.dsse !== undefined) writeEnvelope(options.dsse, signature.text, host);
  const { file, added } = appendTo(location, [signature.text], host);
  if (options.json) {
    const { root, dirHash1 = null } = manifest;
    writeJson(host, {
      schema: "urn:mlsign:promote:v1",
      model,
      to: options.to,
      claims: file,
      added,
      root,
      dirHash1,
      predicate,
      findings: toJson(report).findings ?? [],
    });
  } else printReport(report, options, host);
  say(host, `added the promotion to ${printable(options.to)} to ${printable(file)}`);
  return exitOfVerdict(verdict);
}

function summaryOf(judged: Judged, options: PromoteOptions, host: Host) {
  const { policy, gathered, evaluation } = judged;
  return summaryPredicate({
    version: VERSION,
    at: host.clock(),
    resourceUri: resourceOf(options, policy.policy.target.resource),
    policy: { uri: policy.source, sha256: policy.sha256 },
    inputs: gathered.inputs,
    passed: true,
    levels: levelsOf(options.to, policy.policy, evaluation),
  });
}

/** The envelope alone, for readers that know no Sigstore bundle. */
function writeEnvelope(file: string, bundle: string, host: Host): void {
  const document = parseJson(Buffer.from(bundle));
  if (!isRecord(document) || document.dsseEnvelope === undefined)
    throw new MlsignError("defect", "The new claim holds no envelope");
  writeFileAtomic(resolve(host.cwd, file), `${JSON.stringify(document.dsseEnvelope)}\n`);
}
