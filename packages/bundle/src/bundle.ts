import { JSON_LIMITS, parseJson } from "@mlsign/core";
import { type Envelope, readEnvelope } from "./dsse.ts";
import { bytesOf, type Fields, fieldsOf, listOf, malformed, stringOf } from "./fields.ts";
import { type LogEntry, logEntryJson, readLogEntry } from "./log-entry.ts";
import { BUNDLE_V03 } from "./media.ts";
import { type MessageSignature, messageJson, readMessageSignature } from "./message.ts";

export type Content = Envelope | MessageSignature;

/** What the bundle offers to verify with. It says what kind that is; only the caller decides. */
export type Material =
  | { readonly kind: "publicKey"; readonly hint: string | undefined }
  | {
      readonly kind: "certificate";
      /** Leaf first. */
      readonly certificates: readonly Buffer[];
      readonly form: "certificate" | "x509CertificateChain";
    };

/** A Sigstore bundle, parsed once. Nothing in it is verified. */
export interface Bundle {
  readonly version: "0.1" | "0.2" | "0.3";
  readonly material: Material;
  readonly tlogEntries: readonly LogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps: readonly Buffer[];
  readonly content: Content;
  /** Forms of earlier releases that were met, in words. */
  readonly legacy: readonly string[];
}

/**
 * Parses a bundle, v0.1 to v0.3, and the historical forms of OMS (key as PEM in `rawBytes`, null
 * `keyid`, no `tlogEntries`). Exactly one content and one kind of material; at most 32 log entries
 * and 32 timestamps; base64 in its one form.
 *
 * @throws MlsignError `json-invalid` or `bundle-malformed`.
 */
export function parseBundle(data: Uint8Array): Bundle {
  const bundle = fieldsOf(parseJson(data, JSON_LIMITS), "the bundle", BUNDLE_FIELDS);
  const version = VERSIONS.get(stringOf(bundle, "mediaType"));
  if (version === undefined)
    throw malformed(`unknown media type "${stringOf(bundle, "mediaType")}"`);
  const legacy: string[] = [];
  const material = fieldsOf(bundle.verificationMaterial, "verificationMaterial", MATERIAL_FIELDS);
  const content = readContent(bundle);
  if (content.kind === "dsse" && content.keyid === null) legacy.push("a null keyid");
  return {
    version,
    material: readMaterial(material, legacy),
    tlogEntries: readEntries(material.tlogEntries, version),
    timestamps: readTimestamps(material.timestampVerificationData),
    content,
    legacy,
  };
}

/** The bundle's text in one form, ending in a newline; always v0.3. */
export function bundleText(bundle: Omit<Bundle, "version" | "legacy">): string {
  const { content, material } = bundle;
  const timestamps = bundle.timestamps.map((t) => ({ signedTimestamp: t.toString("base64") }));
  const json = {
    mediaType: BUNDLE_V03,
    verificationMaterial: {
      ...materialJson(material),
      tlogEntries: bundle.tlogEntries.map(logEntryJson),
      ...(timestamps.length > 0 && {
        timestampVerificationData: { rfc3161Timestamps: timestamps },
      }),
    },
    ...(content.kind === "dsse"
      ? { dsseEnvelope: envelopeJson(content) }
      : { messageSignature: messageJson(content) }),
  };
  return `${JSON.stringify(json)}\n`;
}

function readContent(bundle: Fields): Content {
  const { dsseEnvelope, messageSignature } = bundle;
  if ((dsseEnvelope === undefined) === (messageSignature === undefined)) {
    throw malformed("not exactly one of dsseEnvelope and messageSignature");
  }
  return dsseEnvelope === undefined
    ? readMessageSignature(messageSignature)
    : readEnvelope(dsseEnvelope);
}

function readMaterial(material: Fields, legacy: string[]): Material {
  const kinds = ["publicKey", "certificate", "x509CertificateChain"].filter((k) => k in material);
  if (kinds.length !== 1) throw malformed(`${kinds.length} kinds of key material, not one`);
  if (kinds[0] === "publicKey") return readPublicKey(material.publicKey, legacy);
  if (kinds[0] === "certificate") {
    const certificates = [readRaw(material.certificate)];
    return { kind: "certificate", certificates, form: "certificate" };
  }
  const chain = fieldsOf(material.x509CertificateChain, "x509CertificateChain", ["certificates"]);
  const certificates = listOf(chain.certificates, "certificates", MOST_CERTIFICATES).map(readRaw);
  if (certificates.length === 0) throw malformed("the certificate chain is empty");
  return { kind: "certificate", certificates, form: "x509CertificateChain" };
}

function readPublicKey(value: unknown, legacy: string[]): Material {
  const key = fieldsOf(value, "publicKey", ["hint", "rawBytes", "keyDetails"]);
  // The key of old releases travels in the bundle; it is never used, so it is not even kept.
  if (key.rawBytes !== undefined) legacy.push("the public key in the bundle");
  if (key.hint === undefined || key.hint === null || key.hint === "") {
    return { kind: "publicKey", hint: undefined };
  }
  return { kind: "publicKey", hint: stringOf(key, "hint") };
}

function readRaw(value: unknown): Buffer {
  return bytesOf(fieldsOf(value, "certificate", ["rawBytes"]), "rawBytes");
}

function readEntries(value: unknown, version: Bundle["version"]): LogEntry[] {
  const entries = listOf(value, "log entries", MOST_WITNESSES).map(readLogEntry);
  for (const entry of entries) {
    // Bundle specification: an inclusion proof is required from v0.2 on, a promise in v0.1.
    if (version === "0.1" ? !entry.inclusionPromise : !entry.inclusionProof) {
      throw malformed(`a log entry has no inclusion ${version === "0.1" ? "promise" : "proof"}`);
    }
  }
  return entries;
}

function readTimestamps(value: unknown): Buffer[] {
  if (value === undefined || value === null) return [];
  const data = fieldsOf(value, "timestampVerificationData", ["rfc3161Timestamps"]);
  return listOf(data.rfc3161Timestamps, "timestamps", MOST_WITNESSES).map((timestamp) =>
    bytesOf(fieldsOf(timestamp, "timestamp", ["signedTimestamp"]), "signedTimestamp"),
  );
}

function materialJson(material: Material): Record<string, unknown> {
  if (material.kind === "publicKey") return { publicKey: { hint: material.hint } };
  const certificates = material.certificates.map((der) => ({ rawBytes: der.toString("base64") }));
  return material.form === "certificate"
    ? { certificate: certificates[0] }
    : { x509CertificateChain: { certificates } };
}

function envelopeJson(envelope: Envelope): Record<string, unknown> {
  return {
    payload: envelope.payload.toString("base64"),
    payloadType: envelope.payloadType,
    signatures: [{ sig: envelope.signature.toString("base64"), keyid: envelope.keyid ?? "" }],
  };
}

const MOST_WITNESSES = 32;
const MOST_CERTIFICATES = 10;
const BUNDLE_FIELDS = ["mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"];
const MATERIAL_FIELDS = [
  "publicKey",
  "certificate",
  "x509CertificateChain",
  "tlogEntries",
  "timestampVerificationData",
];
const VERSIONS = new Map<string, Bundle["version"]>([
  ["application/vnd.dev.sigstore.bundle+json;version=0.1", "0.1"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.2", "0.2"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.3", "0.3"],
  [BUNDLE_V03, "0.3"],
]);
