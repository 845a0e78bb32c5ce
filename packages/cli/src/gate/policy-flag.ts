import { createPublicKey, type KeyObject } from "node:crypto";
import { MlsignError, printable } from "@mlsign/core";
import { type LoadedPolicy, parsePolicy } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { MOST_POLICY_BYTES } from "../policy/policy-file.ts";

/**
 * The policy of `FILE[@sha256:HEX]`; with a digest, no other bytes will do.
 *
 * @throws MlsignError `config-invalid`, `usage`
 */
export function policyOf(flag: string, host: Host): LoadedPolicy {
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

/** The public keys that a policy holds, once each. */
export function keysOf({ policy }: LoadedPolicy): KeyObject[] {
  const pems = Object.values(policy.identities).flatMap(({ publicKey }) => publicKey ?? []);
  return [...new Set(pems)].map((pem) => createPublicKey(pem));
}
