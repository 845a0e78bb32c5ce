import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { pem } from "./der.ts";
import type { Json } from "./json.ts";
import { type Hash, keyDetailsOf, sha } from "./keys.ts";

/** Who verifies a signature in a log entry: a certificate, or a bare key. */
export type EntryVerifier = { readonly certificate: Buffer } | { readonly publicKey: KeyObject };

/** Reads PEM or DER, certificate or SPKI. */
export function readVerifier(bytes: Buffer): EntryVerifier {
  const text = bytes.toString("latin1");
  if (text.includes("BEGIN CERTIFICATE")) return { certificate: new X509Certificate(bytes).raw };
  if (text.includes("BEGIN PUBLIC KEY")) return { publicKey: createPublicKey(bytes) };
  return { publicKey: createPublicKey({ key: bytes, format: "der", type: "spki" }) };
}

export function keyOf(verifier: EntryVerifier): KeyObject {
  return "certificate" in verifier
    ? new X509Certificate(verifier.certificate).publicKey
    : verifier.publicKey;
}

/** DSSE's pre-authentication encoding. */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, "utf8");
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

export interface SignedBy {
  readonly signature: Buffer;
  readonly verifier: EntryVerifier;
}

/** Rekor v1 `dsse` 0.0.1. `envelope` is the text as it was posted. */
export function dsseBody(
  envelope: string,
  payload: Uint8Array,
  signatures: readonly SignedBy[],
): Json {
  const spec = {
    envelopeHash: { algorithm: "sha256", value: sha(envelope).toString("hex") },
    payloadHash: { algorithm: "sha256", value: sha(payload).toString("hex") },
    signatures: signatures
      .map(({ signature, verifier }) => ({
        signature: signature.toString("base64"),
        verifier: pemOf(verifier),
      }))
      .toSorted((a, b) => (a.signature < b.signature ? -1 : 1)),
  };
  return { apiVersion: "0.0.1", kind: "dsse", spec };
}

/** Rekor v1 `hashedrekord` 0.0.1. */
export function hashedRekordBody(digest: Buffer, signed: SignedBy, hash: Hash = "sha256"): Json {
  const spec = {
    data: { hash: { algorithm: hash, value: digest.toString("hex") } },
    signature: {
      content: signed.signature.toString("base64"),
      publicKey: { content: pemOf(signed.verifier) },
    },
  };
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec };
}

/** Rekor v1 `intoto` 0.0.2. */
export function intotoBody(
  envelope: { payloadType: string; payload: Buffer; keyid?: string },
  envelopeHash: string,
  signed: SignedBy,
): Json {
  const sig = Buffer.from(signed.signature.toString("base64")).toString("base64");
  const content = {
    envelope: {
      payloadType: envelope.payloadType,
      signatures: [
        {
          ...(envelope.keyid === undefined ? {} : { keyid: envelope.keyid }),
          publicKey: pemOf(signed.verifier),
          sig,
        },
      ],
    },
    hash: { algorithm: "sha256", value: envelopeHash },
    payloadHash: { algorithm: "sha256", value: sha(envelope.payload).toString("hex") },
  };
  return { apiVersion: "0.0.2", kind: "intoto", spec: { content } };
}

/** Rekor v2 `hashedrekord` 0.0.2. */
export function hashedRekordV2Body(digest: Buffer, signed: SignedBy, keyDetails?: string): Json {
  const key = keyOf(signed.verifier);
  const details = keyDetails ?? keyDetailsOf(key) ?? "PUBLIC_KEY_DETAILS_UNSPECIFIED";
  const hash = details.endsWith("SHA_384")
    ? "SHA2_384"
    : details.endsWith("SHA_512")
      ? "SHA2_512"
      : "SHA2_256";
  const hashedRekordV002 = {
    data: { algorithm: hash, digest: digest.toString("base64") },
    signature: {
      content: signed.signature.toString("base64"),
      verifier: { ...protoVerifier(signed.verifier), keyDetails: details },
    },
  };
  return { apiVersion: "0.0.2", kind: "hashedrekord", spec: { hashedRekordV002 } };
}

function protoVerifier(verifier: EntryVerifier): { readonly [key: string]: Json } {
  return "certificate" in verifier
    ? { x509Certificate: { rawBytes: verifier.certificate.toString("base64") } }
    : { publicKey: { rawBytes: spkiOf(verifier.publicKey).toString("base64") } };
}

/** Base64 of PEM, as Rekor v1 writes keys. */
function pemOf(verifier: EntryVerifier): string {
  const text =
    "certificate" in verifier
      ? pem("CERTIFICATE", verifier.certificate)
      : pem("PUBLIC KEY", spkiOf(verifier.publicKey));
  return Buffer.from(text).toString("base64");
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" });
}
