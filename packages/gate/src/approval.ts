import type { JsonObject } from "@mlsign/core";

/** in-toto's Simple Verification Result: somebody looked, and says so. */
export const APPROVAL_PREDICATE = "https://in-toto.io/attestation/svr/v0.2";

/**
 * A person's approval of a model for a target, to be signed by that person. An approval for one
 * target says nothing of another.
 *
 * @param at when it was given; a policy goes by trusted time instead
 */
export function approvalPredicate(target: string, at: Date): JsonObject {
  return {
    verifier: { id: "urn:mlsign:verifier:approve:v1", policies: [] },
    timeCreated: at.toISOString(),
    properties: [approvalProperty(target)],
  };
}

/** `MLSIGN_APPROVED_PROD` for `prod`. */
export function approvalProperty(target: string): string {
  return `MLSIGN_APPROVED_${target.toUpperCase().replaceAll("-", "_")}`;
}
