import type { Bundle } from "@mlsign/bundle";
import { claimSigner } from "./signer.ts";

/** Whether two bundles say the same, by the same signer: signatures and times may differ. */
export function sameClaim(one: Bundle, other: Bundle): boolean {
  const [a, b] = [one.content, other.content];
  if (a.kind !== "dsse" || b.kind !== "dsse") return false;
  return (
    a.payloadType === b.payloadType &&
    a.payload.equals(b.payload) &&
    claimSigner(one).id === claimSigner(other).id
  );
}
