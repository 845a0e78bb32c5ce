import { EXIT, printable } from "@mlsign/core";
import { explainPolicy, parsePolicy } from "@mlsign/policy";
import { table } from "@mlsign/report";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { writeJson } from "../terminal/output.ts";
import { MOST_POLICY_BYTES } from "./policy-file.ts";

export interface ExplainPolicyOptions {
  readonly json?: boolean;
}

/** Prints what a policy asks for, rule by rule, in words. */
export async function explainPolicyFile(
  file: string,
  options: ExplainPolicyOptions,
  host: Host,
): Promise<number> {
  const { policy, sha256 } = parsePolicy(readFile(file, host, MOST_POLICY_BYTES), file);
  const rules = explainPolicy(policy);
  if (options.json) {
    const { name, version, mode } = policy;
    writeJson(host, {
      schema: "urn:mlsign:policy-explain:v1",
      policy: { name, version, mode, sha256 },
      rules: rules.map((rule) => ({ ...rule })),
    });
    return EXIT.accepted;
  }
  const { name, version, mode } = policy;
  host.out(`${printable(name)} version ${version} (${mode})\nsha256:${sha256}\n\n`);
  const rows = rules.map(({ rule, text }) => [rule, text]);
  host.out(`${table([["rule", "asks for"], ...rows], host.columns)}\n`);
  return EXIT.accepted;
}
