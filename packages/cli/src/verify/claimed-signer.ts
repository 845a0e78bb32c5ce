import { parseBundle } from "@mlsign/bundle";
import { messageOf, printable } from "@mlsign/core";
import { fulcioClaims, parseCertificate } from "@mlsign/x509";

/** What a bundle says of its signer, unverified, and the flags that would check it. */
export function claimedSigner(data: Buffer): { readonly words: string; readonly hint: string } {
  try {
    const { material } = parseBundle(data);
    if (material.kind === "publicKey") {
      const name =
        material.hint === undefined ? "an unnamed key" : `the key ${printable(material.hint)}`;
      return {
        words: `signed with ${name}`,
        hint: "give the public key that you trust with --key",
      };
    }
    const [der] = material.certificates;
    const leaf = parseCertificate(der ?? Buffer.alloc(0));
    const { issuer } = fulcioClaims(leaf);
    const names = leaf.names.map(({ value }) => printable(value)).join(", ") || "nobody by name";
    if (issuer === undefined) {
      return {
        words: `signed with a certificate for ${names}`,
        hint: "give the authorities that you trust with --certificate-chain",
      };
    }
    return {
      words: `signed by ${names}, vouched for by ${printable(issuer)}`,
      hint: "if that is whom you trust, say so with --certificate-identity and --certificate-oidc-issuer",
    };
  } catch (error) {
    return {
      words: `no bundle at all (${printable(messageOf(error))})`,
      hint: "give --key, --certificate-chain or --certificate-identity",
    };
  }
}
