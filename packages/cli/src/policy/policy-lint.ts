import { decide, exitOfVerdict } from "@mlsign/core";
import { lintPolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { MOST_POLICY_BYTES } from "./policy-file.ts";

export type LintPolicyOptions = ReportOptions;

/** Judges the form of a policy, and what it leaves open. */
export async function lintPolicyFile(
  file: string,
  options: LintPolicyOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const findings = lintPolicy(readFile(file, host, MOST_POLICY_BYTES), file, host.clock());
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "policy lint", subject: file, verdict, findings }, options, host);
  return exitOfVerdict(verdict);
}
