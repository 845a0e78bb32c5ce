/** Loads `@sigstore/verify` when a witness or a Fulcio certificate is met, not before. */
export function loadVerifier(): Promise<typeof import("@sigstore/verify")> {
  return import("@sigstore/verify");
}
