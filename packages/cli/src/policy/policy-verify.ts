import { createHash } from "node:crypto";
import { decide, exitOfVerdict } from "@mlsign/core";
import { lintPolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { readFile, type TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { requireTrust } from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { judgeSignedPolicy } from "./judge-signed-policy.ts";
import { MOST_POLICY_BYTES } from "./policy-file.ts";

export interface VerifyPolicyFileOptions extends TrustFlags, ReportOptions {
  readonly signature?: string;
}

/** Whether a policy is sound, in force, and signed by whom the caller trusts. */
export async function verifyPolicyFile(
  file: string,
  options: VerifyPolicyFileOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const resolved = await requireTrust(options, host);
  const data = readFile(file, host, MOST_POLICY_BYTES);
  const sha256 = createHash("sha256").update(data).digest("hex");
  const { signature } = options;
  const findings = [
    ...lintPolicy(data, file, host.clock()),
    ...(await judgeSignedPolicy({ file, sha256, signature }, resolved, host)),
  ];
  const verdict = decide(findings);
  const at = host.clock().toISOString();
  const report = {
    tool: { name: "mlsign", version: VERSION },
    command: "policy verify",
    subject: file,
    verdict,
    findings,
    facts: [{ kind: "policy", source: file, at, value: { sha256 } }],
  };
  printReport(report, options, host);
  return exitOfVerdict(verdict);
}
