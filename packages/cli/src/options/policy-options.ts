import type { Command } from "commander";

/** Which policy judges, and who must have signed it. */
export interface PolicySignerFlags {
  readonly policyKey?: string;
  readonly policyIdentity?: string;
  readonly policyOidcIssuer?: string;
}

export function addPolicySignerOptions(command: Command): Command {
  return command
    .option("--policy-key <pub>", "the policy must be signed with this key (mlsign policy sign)")
    .option("--policy-identity <id>", "the policy must be signed by this identity, exactly")
    .option("--policy-oidc-issuer <url>", "who must vouch for that identity, exactly");
}

/** What asks for a policy or a promotion of verify's, and means nothing without. */
export const GATE_FLAGS: readonly string[] = [
  "policy",
  "vsa",
  "to",
  "resource",
  "maxAge",
  "summary",
  "policyDigest",
  "policyKey",
  "policyIdentity",
  "policyOidcIssuer",
  "recorded",
];
