import { decide, exitOfVerdict } from "@mlsign/core";
import { parsePolicy, testPolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { MOST_POLICY_BYTES } from "./policy-file.ts";

export interface TestPolicyOptions extends ReportOptions {
  readonly cases: string;
}

/** Runs a table of models through a policy, and says which verdict is another than expected. */
export async function testPolicyFile(
  file: string,
  options: TestPolicyOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const policy = parsePolicy(readFile(file, host, MOST_POLICY_BYTES), file);
  const table = readFile(options.cases, host, MOST_POLICY_BYTES);
  const findings = testPolicy(policy, table, options.cases);
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "policy test", subject: file, verdict, findings }, options, host);
  return exitOfVerdict(verdict);
}
