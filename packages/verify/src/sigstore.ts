import type * as SigstoreVerify from "@sigstore/verify";

/** Loads `@sigstore/verify` when a witness or a Fulcio certificate is met, not before. */
export function loadVerifier(): Promise<typeof SigstoreVerify> {
  return import("@sigstore/verify");
}
