import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitOfVerdict, MlsignError, printable } from "@mlsign/core";
import { type Report, toMarkdown } from "@mlsign/report";
import type { Host } from "../host.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { judgeByPolicy, type Judged, type PolicyFlags } from "./judge-policy.ts";
import { checkTarget } from "./target.ts";

export interface VerifyPolicyOptions extends PolicyFlags, ReportOptions {
  readonly summary?: string;
}

/** Judges a model by a policy, and prints a row for each rule. */
export async function verifyByPolicy(
  model: string,
  options: VerifyPolicyOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  checkTarget(options.to);
  const judged = await judgeByPolicy(model, options, host);
  const report = reportOf("verify", model, judged, host);
  printReport(report, options, host);
  if (options.summary !== undefined) writeSummary(options.summary, toMarkdown(report), host);
  return exitOfVerdict(judged.verdict);
}

/** A verdict by a policy as a report, with the policy's digest and the model's. */
export function reportOf(command: string, model: string, judged: Judged, host: Host): Report {
  const { policy, gathered, evaluation, verdict, findings } = judged;
  const { name, version, mode } = policy.policy;
  const at = host.clock().toISOString();
  const { root, dirHash1 = null } = gathered.manifest;
  return {
    tool: { name: "mlsign", version: VERSION },
    command,
    subject: model,
    verdict,
    findings,
    facts: [
      {
        kind: "policy",
        source: policy.source,
        at,
        value: { name, version, mode, sha256: policy.sha256, enforced: evaluation.enforced },
      },
      { kind: "model", source: "files", at, value: { root, dirHash1 } },
    ],
  };
}

/** Appended, as a CI's file of job summaries wants it. */
export function writeSummary(file: string, markdown: string, host: Host): void {
  try {
    writeFileSync(resolve(host.cwd, file), markdown, { flag: "a" });
  } catch (cause) {
    throw new MlsignError("file-unwritable", `Cannot write ${printable(file)}`, { cause });
  }
}
