import { generateKeyPairSync } from "node:crypto";

export interface KeyPair {
  /** PKCS #8 PEM, encrypted (AES-256-CBC, PBKDF2) where a passphrase was given. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo PEM. */
  readonly publicKey: string;
}

/** A new P-256 pair, which every OMS implementation and cosign verify. */
export function generateKeyPair(passphrase?: string): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privateKey: privateKey
      .export({
        type: "pkcs8",
        format: "pem",
        ...(passphrase !== undefined && { cipher: "aes-256-cbc", passphrase }),
      })
      .toString(),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
