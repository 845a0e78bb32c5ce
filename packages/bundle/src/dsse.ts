import { decodeBase64, MlsignError } from "@mlsign/core";
import { fieldsOf, stringOf } from "./fields.ts";

/** A DSSE envelope with its one signature. `payload` is the signed bytes, never re-serialised. */
export interface Envelope {
  readonly kind: "dsse";
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Absent in some implementations' bundles, null in old ones'; never used to find a key. */
  readonly keyid: string | null | undefined;
}

/** DSSE's pre-authentication encoding: what is signed. Lengths are decimal byte counts. */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/**
 * What model_signing 0.2 signed by mistake: a capital V, and the payload as Python's `repr`
 * of the bytes while the length is that of the bytes.
 */
export function legacyPae(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEV1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.from(head + pythonRepr(payload), "latin1");
}

export function readEnvelope(value: unknown): Envelope {
  const envelope = fieldsOf(value, "dsseEnvelope", ["payload", "payloadType", "signatures"]);
  const { signatures } = envelope;
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    const count = Array.isArray(signatures) ? signatures.length : "no";
    throw new MlsignError("bundle-malformed", `Cannot read envelope: ${count} signatures, not one`);
  }
  const signature = fieldsOf(signatures[0], "signature", ["sig", "keyid"]);
  const payload = decodeBase64(stringOf(envelope, "payload"), "payload");
  if (payload.length === 0) {
    throw new MlsignError("bundle-malformed", "Cannot read envelope: the payload is empty");
  }
  const { keyid } = signature;
  if (keyid !== undefined && keyid !== null && typeof keyid !== "string") {
    throw new MlsignError("bundle-malformed", "Cannot read envelope: keyid is not a string");
  }
  return {
    kind: "dsse",
    payloadType: stringOf(envelope, "payloadType"),
    payload,
    signature: decodeBase64(stringOf(signature, "sig"), "signature"),
    keyid,
  };
}

/** Python's `repr` of bytes: `'` unless only `'` occurs within, `\xNN` beyond printable ASCII. */
function pythonRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === quote || character === "\\") text += `\\${character}`;
    else if (character in ESCAPES) text += ESCAPES[character];
    else if (byte >= 0x20 && byte < 0x7f) text += character;
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `b${quote}${text}${quote}`;
}

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
