import { constants, type KeyObject, publicDecrypt } from "node:crypto";
import type { MessageSignature } from "@mlsign/bundle";

/**
 * Verifies a signature over a digest, so that a file is read once, by whoever hashed it. Node
 * verifies only over whole messages; ECDSA over a digest comes from `@noble/curves`.
 */
export async function verifyDigest(
  digest: MessageSignature["digest"],
  signature: Buffer,
  key: KeyObject,
): Promise<boolean> {
  try {
    if (key.asymmetricKeyType === "rsa") return verifyRsa(digest, signature, key);
    return await verifyEcdsa(digest.value, signature, key);
  } catch {
    return false;
  }
}

async function verifyEcdsa(digest: Buffer, signature: Buffer, key: KeyObject): Promise<boolean> {
  const { p256, p384, p521 } = await import("@noble/curves/nist.js");
  const curve = { prime256v1: p256, secp384r1: p384, secp521r1: p521 }[
    key.asymmetricKeyDetails?.namedCurve ?? ""
  ];
  if (curve === undefined) return false;
  const jwk = key.export({ format: "jwk" });
  const [x, y] = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? "", "base64url"));
  const point = Buffer.concat([Buffer.of(4), x ?? Buffer.of(), y ?? Buffer.of()]);
  // ECDSA signatures of OpenSSL and Go are not normalised to low s; prehash would hash again.
  return curve.verify(signature, digest, point, { prehash: false, lowS: false, format: "der" });
}

/** RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2): the padding is removed, then the whole DigestInfo compared. */
function verifyRsa(digest: MessageSignature["digest"], signature: Buffer, key: KeyObject): boolean {
  const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  return info.equals(
    Buffer.concat([Buffer.from(DIGEST_INFO[digest.algorithm], "hex"), digest.value]),
  );
}

const DIGEST_INFO = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};
