import { basename, resolve } from "node:path";
import {
  exitOfVerdict,
  isRecord,
  type JsonObject,
  MlsignError,
  parseJson,
  printable,
} from "@mlsign/core";
import { attestClaim, claimSubject } from "@mlsign/evidence";
import { writeFileAtomic } from "@mlsign/files";
import { SUMMARY_PREDICATE, summaryPredicate } from "@mlsign/gate";
import { toJson, toMarkdown } from "@mlsign/report";
import type { Host } from "../host.ts";
import { broughtAt } from "../model/brought-model.ts";
import { type ResolvedSigner, resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { checkSignature } from "../sign/self-check.ts";
import { appendTo } from "../sign/write-claims.ts";
import { say, writeJson } from "../terminal/output.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { judgeByPolicy, type Judged, type PolicyFlags } from "./judge-policy.ts";
import { levelsOf, resourceOf } from "./levels.ts";
import { checkTarget } from "./target.ts";
import { reportOf, writeSummary } from "./verify-policy.ts";

export interface PromoteOptions extends PolicyFlags, SignerFlags, ReportOptions {
  readonly resource?: string;
  readonly alias?: string;
  readonly mlflowUri?: string;
  readonly dsse?: string;
  readonly summary?: string;
  readonly recordRefusal?: boolean;
  readonly image?: string;
}

/**
 * Judges a model by a policy and, where it is accepted, signs that as a verification summary beside
 * the model. What is refused or undecided is told, and nothing is signed; nor is what only a policy
 * that warns let pass. With `recordRefusal` a refusal is signed too, as a summary that failed.
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
    if (options.recordRefusal === true && evaluation.enforced === "refused") {
      const { text } = await signSummary(judged, summaryOf(judged, options, host), resolved, host);
      const { file } = appendTo(location, [text], host);
      say(host, `added the refusal for ${printable(options.to)} to ${printable(file)}`);
    } else say(host, "nothing was signed: the policy does not accept this model");
    return exitOfVerdict(verdict === "accepted" ? evaluation.enforced : verdict);
  }
  const predicate = summaryOf(judged, options, host);
  const { manifest } = gathered;
  const single = location.directory ? undefined : basename(location.path);
  const image =
    options.image === undefined
      ? undefined
      : await (
          await import("./promote-image.ts")
        ).storedImage(options.image, manifest, single, host);
  const signature = await signSummary(judged, predicate, resolved, host);
  if (options.dsse !== undefined) writeEnvelope(options.dsse, signature.text, host);
  const { file, added } = appendTo(location, [signature.text], host);
  if (image !== undefined) {
    await image.attest({ predicateType: SUMMARY_PREDICATE, predicate }, resolved, host);
    say(host, `attached the promotion to ${printable(image.where)}`);
  }
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

async function signSummary(
  { gathered: { manifest, listing } }: Judged,
  predicate: JsonObject,
  resolved: ResolvedSigner,
  host: Host,
): Promise<{ readonly text: string }> {
  const signature = await attestClaim(
    { predicateType: SUMMARY_PREDICATE, predicate },
    { subject: claimSubject(listing.name, manifest), ...resolved },
  );
  await checkSignature(signature, resolved, host.clock());
  return signature;
}

function summaryOf(judged: Judged, options: PromoteOptions, host: Host) {
  const { policy, gathered, evaluation } = judged;
  return summaryPredicate({
    version: VERSION,
    at: host.clock(),
    resourceUri: resourceOf(
      options,
      policy.policy.target.resource,
      broughtAt(judged.location.path, host)?.resource,
    ),
    policy: { uri: policy.source, sha256: policy.sha256 },
    inputs: gathered.inputs,
    passed: evaluation.enforced === "accepted",
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
