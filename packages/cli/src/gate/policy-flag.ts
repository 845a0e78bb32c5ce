import { createPublicKey, type KeyObject } from "node:crypto";
import { decide, MlsignError, printable } from "@mlsign/core";
import { type LoadedPolicy, parsePolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import type { PolicySignerFlags } from "../options/policy-options.ts";
import { readFile, resolveTrust, type TrustFlags } from "../options/trust-options.ts";
import { MOST_POLICY_BYTES } from "../policy/policy-file.ts";

/**
 * The policy of `FILE[@sha256:HEX]`; with a digest, no other bytes will do.
 *
 * @throws MlsignError `config-invalid`, `usage`
 */
function policyOf(flag: string, host: Host): LoadedPolicy {
  const [, file = flag, wanted] = /^(.*?)(?:@sha256:([0-9a-fA-F]+))?$/s.exec(flag) ?? [];
  const policy = parsePolicy(readFile(file, host, MOST_POLICY_BYTES), file);
  if (wanted !== undefined && wanted.toLowerCase() !== policy.sha256) {
    throw new MlsignError(
      "config-invalid",
      `Cannot use ${printable(file)}: its SHA-256 is ${policy.sha256}, not the one that is asked for`,
      { hint: "look at what changed before you name the new digest" },
    );
  }
  return policy;
}

/**
 * The policy of `--policy`, signed by whom the caller named for it, where one was named: a change
 * that a pull request brings is refused before anything is judged by it.
 *
 * @throws MlsignError as `policyOf`; `policy-unsigned`, `policy-unverified`
 */
export async function signedPolicyOf(
  flag: string,
  flags: PolicySignerFlags & Pick<TrustFlags, "trustedRoot" | "trustConfig">,
  host: Host,
): Promise<LoadedPolicy> {
  const loaded = policyOf(flag, host);
  const { policyKey, policyIdentity, policyOidcIssuer, trustedRoot, trustConfig } = flags;
  const trust = {
    ...(policyKey !== undefined && { key: policyKey }),
    ...(policyIdentity !== undefined && { certificateIdentity: policyIdentity }),
    ...(policyOidcIssuer !== undefined && { certificateOidcIssuer: policyOidcIssuer }),
  };
  if (Object.keys(trust).length === 0) return loaded;
  const roots = {
    ...(trustedRoot !== undefined && { trustedRoot }),
    ...(trustConfig !== undefined && { trustConfig }),
  };
  const resolved = await resolveTrust({ ...trust, ...roots }, host, false);
  if (resolved === undefined) return loaded;
  const { judgeSignedPolicy } = await import("../policy/judge-signed-policy.ts");
  const { source: file, sha256 } = loaded;
  const findings = await judgeSignedPolicy({ file, sha256 }, resolved, host);
  const verdict = decide(findings);
  if (verdict === "accepted") return loaded;
  const why = findings.filter(({ outcome }) => outcome !== "not-applicable").at(-1)?.message;
  throw new MlsignError(
    verdict === "refused" ? "policy-unsigned" : "policy-unverified",
    `Cannot judge by ${printable(file)}: ${why ?? "it is not signed"}`,
    { hint: `mlsign policy verify ${printable(file)} says more` },
  );
}

/** The public keys that a policy holds, once each. */
export function keysOf({ policy }: LoadedPolicy): KeyObject[] {
  const pems = Object.values(policy.identities).flatMap(({ publicKey }) => publicKey ?? []);
  return [...new Set(pems)].map((pem) => createPublicKey(pem));
}
