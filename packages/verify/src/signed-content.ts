import { createHash, type KeyObject, verify } from "node:crypto";
import {
  type Bundle,
  type KeyUse,
  legacyPae,
  MODEL_SIGNATURE_LEGACY,
  pae,
  type SignatureAlgorithm,
} from "@mlsign/bundle";
import { sha256 } from "@mlsign/core";
import { verifyDigest } from "./prehash.ts";

/** What a bundle signs, in the terms that a log entry records it. */
export interface SignedContent {
  readonly signature: Buffer;
  /** SHA-256 of the payload (envelope), or the digest that is signed (message). */
  readonly payloadDigest: Buffer;
  /** The digest that the signature is made over, with the key's own hash. */
  signedDigest(algorithm: SignatureAlgorithm): Buffer;
  /** How the signature verifies under a key: `legacy` is model_signing 0.2's faulty encoding. */
  verify(key: KeyObject, algorithm: SignatureAlgorithm): Promise<"valid" | "legacy" | "invalid">;
}

export function signedContent(bundle: Bundle, use: KeyUse): SignedContent {
  const { content } = bundle;
  if (content.kind === "message") {
    const { digest, signature } = content;
    return {
      signature,
      payloadDigest: digest.value,
      signedDigest: () => digest.value,
      verify: async (key, algorithm) =>
        // The hash is the key's; a digest of another algorithm cannot be what it signed.
        algorithm.hash === digest.algorithm && (await verifyDigest(digest, signature, key))
          ? "valid"
          : "invalid",
    };
  }
  const { payload, payloadType, signature } = content;
  const signed = pae(payloadType, payload);
  return {
    signature,
    payloadDigest: sha256(payload),
    signedDigest: ({ hash }) => (hash ? createHash(hash).update(signed).digest() : signed),
    verify: async (key, algorithm) => {
      if (algorithm.verify(signed, key, signature)) return "valid";
      const legacy = use === "model-signature" && verifiesLegacy(bundle, key, algorithm);
      return legacy ? "legacy" : "invalid";
    },
  };
}

/** oms.md 1.11: only the predicate of 0.2, with the curve's hash or, for certificates, SHA-256. */
function verifiesLegacy(bundle: Bundle, key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  const { content } = bundle;
  if (content.kind !== "dsse" || !content.payload.includes(MODEL_SIGNATURE_LEGACY)) return false;
  if (bundle.tlogEntries.length > 0 || content.payload.length > MOST_LEGACY_BYTES) return false;
  const signed = legacyPae(content.payloadType, content.payload);
  if (algorithm.verify(signed, key, content.signature)) return true;
  return bundle.material.kind === "certificate" && sha256Verify(signed, key, content.signature);
}

function sha256Verify(data: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify("sha256", data, key, signature);
  } catch {
    return false;
  }
}

/** Python's `repr` is four times the payload: no manifest of 0.2 comes near this. */
const MOST_LEGACY_BYTES = 16 * 1024 * 1024;
