import { decide, exitOfVerdict } from "@mlsign/core";
import { lintPolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import type { SignerFlags } from "../options/signer-options.ts";
import { readFile } from "../options/trust-options.ts";
import { signModel } from "../sign/sign-model.ts";
import { say } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { MOST_POLICY_BYTES } from "./policy-file.ts";

export interface SignPolicyOptions extends SignerFlags {
  readonly signature?: string;
  readonly json?: boolean;
}

/** Signs a policy as a model of one file, so that any verifier of model signatures can check it. */
export async function signPolicyFile(
  file: string,
  options: SignPolicyOptions,
  host: Host,
): Promise<number> {
  const findings = lintPolicy(readFile(file, host, MOST_POLICY_BYTES), file, host.clock());
  const verdict = decide(findings);
  if (verdict === "accepted") {
    return signModel(file, { ...options, hash: "sha256" }, host);
  }
  const tool = { name: "mlsign", version: VERSION };
  const report = { tool, command: "policy sign", subject: file, verdict, findings };
  printReport(report, { json: options.json ?? false }, host);
  say(host, "nothing was signed");
  return exitOfVerdict(verdict);
}
