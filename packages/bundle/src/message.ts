import { bytesOf, fieldsOf, malformed } from "./fields.ts";

/** A signature over a file's bytes, as `cosign sign-blob` leaves it. */
export interface MessageSignature {
  readonly kind: "message";
  readonly digest: { readonly algorithm: "sha256" | "sha384" | "sha512"; readonly value: Buffer };
  readonly signature: Buffer;
}

export function readMessageSignature(value: unknown): MessageSignature {
  const message = fieldsOf(value, "messageSignature", ["messageDigest", "signature"]);
  const digest = fieldsOf(message.messageDigest, "messageDigest", ["algorithm", "digest"]);
  const known = ALGORITHMS.find(([name]) => name === digest.algorithm);
  if (known === undefined) throw malformed(`unknown digest algorithm ${String(digest.algorithm)}`);
  const bytes = bytesOf(digest, "digest");
  if (bytes.length !== known[2]) throw malformed(`${bytes.length} bytes of ${known[0]} digest`);
  return {
    kind: "message",
    digest: { algorithm: known[1], value: bytes },
    signature: bytesOf(message, "signature"),
  };
}

export function messageJson(message: MessageSignature): Record<string, unknown> {
  const name = ALGORITHMS.find(([, algorithm]) => algorithm === message.digest.algorithm)?.[0];
  return {
    messageDigest: { algorithm: name, digest: message.digest.value.toString("base64") },
    signature: message.signature.toString("base64"),
  };
}

const ALGORITHMS = [
  ["SHA2_256", "sha256", 32],
  ["SHA2_384", "sha384", 48],
  ["SHA2_512", "sha512", 64],
] as const;
