import type { Bundle } from "@mlsign/bundle";
import { claimSigner } from "./signer.ts";

/** Whether two bundles say the same, by the same signer: signatures and times may differ. */
export function sameClaim(one: Bundle, other: Bundle): boolean {
  const [a, b] = [one.content, other.content];
  if (a.kind !== "dsse" || b.kind !== "dsse") return false;
  if (a.payloadType !== b.payloadType || !a.payload.equals(b.payload)) return false;
  const [x, y] = [claimSigner(one), claimSigner(other)];
  // One address vouched for by two issuers is two signers.
  return x.method === y.method && x.id === y.id && x.issuer === y.issuer;
}
