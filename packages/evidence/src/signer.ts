import type { Bundle } from "@mlsign/bundle";
import { fulcioClaims, parseCertificate } from "@mlsign/x509";

/** Who a bundle says signed it, unverified. Two bundles of one signer have the same `id`. */
export interface ClaimSigner {
  readonly method: "key" | "certificate" | "keyless";
  readonly id: string;
  readonly issuer?: string;
}

export function claimSigner({ material }: Bundle): ClaimSigner {
  if (material.kind === "publicKey")
    return { method: "key", id: material.hint ?? "an unnamed key" };
  try {
    const leaf = parseCertificate(material.certificates[0] ?? Buffer.alloc(0));
    const { issuer } = fulcioClaims(leaf);
    const name = leaf.names[0]?.value;
    if (issuer !== undefined && name !== undefined) return { method: "keyless", id: name, issuer };
    return { method: "certificate", id: leaf.der.toString("base64") };
  } catch {
    return { method: "certificate", id: "an unreadable certificate" };
  }
}
