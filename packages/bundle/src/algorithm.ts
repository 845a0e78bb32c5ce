import { type KeyObject, sign, verify } from "node:crypto";
import { MlsignError } from "@mlsign/core";

/** OMS signatures want one of the three NIST curves; claims also take Ed25519 and RSA. */
export type KeyUse = "model-signature" | "claim";

/** How a key signs. The hash is fixed by the key, never by the bundle. */
export interface SignatureAlgorithm {
  readonly name: string;
  /** `undefined` where the scheme hashes by itself (Ed25519). */
  readonly hash: "sha256" | "sha384" | "sha512" | undefined;
  sign(data: Uint8Array, privateKey: KeyObject): Buffer;
  verify(data: Uint8Array, publicKey: KeyObject, signature: Uint8Array): boolean;
}

/**
 * The algorithm of a key, from the allow-list: ECDSA on P-256, P-384 and P-521 with their own
 * hash; Ed25519; RSA (PKCS #1 v1.5, SHA-256) of at least 3072 bits, 2048 to verify.
 *
 * @throws MlsignError `key-unsuitable`
 */
export function suitableKey(
  key: KeyObject,
  use: KeyUse,
  to: "sign" | "verify",
): SignatureAlgorithm {
  const details = key.asymmetricKeyDetails;
  const curve = CURVES.get(details?.namedCurve ?? "");
  if (key.asymmetricKeyType === "ec" && curve !== undefined) return algorithm(...curve);
  if (use === "claim" && key.asymmetricKeyType === "ed25519")
    return algorithm("Ed25519", undefined);
  const bits = details?.modulusLength ?? 0;
  if (
    use === "claim" &&
    key.asymmetricKeyType === "rsa" &&
    bits >= LEAST_BITS[to] &&
    bits <= 16384
  ) {
    return algorithm(`RSA-${bits}`, "sha256");
  }
  throw new MlsignError("key-unsuitable", `Cannot use key: ${describe(key)} is not allowed here`, {
    hint:
      use === "model-signature"
        ? "model signatures (OMS) want an EC key on P-256, P-384 or P-521"
        : "use P-256, P-384, P-521, Ed25519, or RSA of 3072 bits or more",
  });
}

/** The name of Sigstore's algorithm registry for a public key, as Rekor v2 wants it. */
export function keyDetails(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === "rsa") {
    const bits = details?.modulusLength ?? 0;
    return [2048, 3072, 4096].includes(bits) ? `PKIX_RSA_PKCS1V15_${bits}_SHA256` : undefined;
  }
  const curve = CURVES.get(details?.namedCurve ?? "");
  return curve && `PKIX_ECDSA_${curve[0].replace("-", "")}_${curve[1].replace("sha", "SHA_")}`;
}

function algorithm(name: string, hash: SignatureAlgorithm["hash"]): SignatureAlgorithm {
  return {
    name,
    hash,
    sign: (data, privateKey) => sign(hash ?? null, data, privateKey),
    verify: (data, publicKey, signature) => {
      try {
        return verify(hash ?? null, data, publicKey, signature);
      } catch {
        return false;
      }
    },
  };
}

function describe(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  const size =
    details?.namedCurve ?? (details?.modulusLength ? `${details.modulusLength} bits` : "");
  return `${key.asymmetricKeyType ?? key.type} ${size}`.trim();
}

const LEAST_BITS = { sign: 3072, verify: 2048 };
const CURVES = new Map([
  ["prime256v1", ["P-256", "sha256"]],
  ["secp384r1", ["P-384", "sha384"]],
  ["secp521r1", ["P-521", "sha512"]],
] as const) as ReadonlyMap<string, readonly [string, "sha256" | "sha384" | "sha512"]>;
