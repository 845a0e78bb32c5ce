import { decide, exitOfVerdict } from "@mlsign/core";
import { lintPolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";

export type LintPolicyOptions = ReportOptions;

/** Judges the form of a policy, and what it leaves open. */
export async function lintPolicyFile(
  file: string,
  options: LintPolicyOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const findings = lintPolicy(readFile(file, host, MOST_BYTES), file, host.clock());
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "policy lint", subject: file, verdict, findings }, options, host);
  return exitOfVerdict(verdict);
}

const MOST_BYTES = 1024 * 1024;
