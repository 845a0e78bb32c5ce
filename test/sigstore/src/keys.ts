import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { nothing, oid, sequence } from "./der.ts";

export type KeyKind =
  | "P-256"
  | "P-384"
  | "P-521"
  | "secp256k1"
  | "ed25519"
  | "rsa-1024"
  | "rsa-2048"
  | "rsa-3072"
  | "rsa-4096";

export type Hash = "sha256" | "sha384" | "sha512";

/** A key pair with the forms of its public half that Sigstore's formats ask for. */
export interface Keys {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly spki: Buffer;
  readonly pem: string;
  /** SHA-256 of the SPKI: a Rekor v1 or CT log's identifier. */
  readonly id: Buffer;
}

export function generateKeys(kind: KeyKind = "P-256"): Keys {
  const { privateKey, publicKey } = generatePair(kind);
  const spki = publicKey.export({ format: "der", type: "spki" });
  return {
    kind,
    privateKey,
    publicKey,
    spki,
    pem: publicKey.export({ format: "pem", type: "spki" }).toString(),
    id: sha(spki),
  };
}

/** Signs with the key's own hash, or with another one where told so. */
export function signWith(keys: Keys, data: Uint8Array, hash?: Hash): Buffer {
  return sign(hash ?? hashOf(keys.publicKey) ?? null, data, keys.privateKey);
}

export function verifyWith(
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
  hash: Hash | undefined = hashOf(key),
): boolean {
  try {
    return verify(hash ?? null, data, key, signature);
  } catch {
    return false;
  }
}

/** The hash that Sigstore's algorithm registry gives a key; none for Ed25519. */
export function hashOf(key: KeyObject): Hash | undefined {
  if (key.asymmetricKeyType === "ed25519") return undefined;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === "secp384r1" ? "sha384" : curve === "secp521r1" ? "sha512" : "sha256";
}

/** The registry's name of a key (`PKIX_ECDSA_P256_SHA_256`); none for keys outside of it. */
export function keyDetailsOf(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return "PKIX_ED25519";
  return key.asymmetricKeyType === "rsa"
    ? RSA_DETAILS[modulusLength ?? 0]
    : EC_DETAILS[namedCurve ?? ""];
}

/** The AlgorithmIdentifier of a signature by this key. */
export function signatureAlgorithm(key: KeyObject, hash: Hash | undefined = hashOf(key)): Buffer {
  if (hash === undefined) return sequence(oid("1.3.101.112"));
  return key.asymmetricKeyType === "rsa"
    ? sequence(oid(`1.2.840.113549.1.1.${RSA_ARCS[hash]}`), nothing())
    : sequence(oid(`1.2.840.10045.4.3.${ECDSA_ARCS[hash]}`));
}

export function sha(data: Uint8Array | string, hash: Hash = "sha256"): Buffer {
  return createHash(hash).update(data).digest();
}

function generatePair(kind: KeyKind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind === "ed25519") return generateKeyPairSync("ed25519");
  if (kind.startsWith("rsa-")) {
    return generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(4)) });
  }
  return generateKeyPairSync("ec", { namedCurve: kind });
}

const RSA_ARCS: Record<Hash, number> = { sha256: 11, sha384: 12, sha512: 13 };
const ECDSA_ARCS: Record<Hash, number> = { sha256: 2, sha384: 3, sha512: 4 };
const EC_DETAILS: Record<string, string> = {
  prime256v1: "PKIX_ECDSA_P256_SHA_256",
  secp384r1: "PKIX_ECDSA_P384_SHA_384",
  secp521r1: "PKIX_ECDSA_P521_SHA_512",
};
const RSA_DETAILS: Record<number, string> = {
  2048: "PKIX_RSA_PKCS1V15_2048_SHA256",
  3072: "PKIX_RSA_PKCS1V15_3072_SHA256",
  4096: "PKIX_RSA_PKCS1V15_4096_SHA256",
};
