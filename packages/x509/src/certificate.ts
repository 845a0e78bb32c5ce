import { type KeyObject, X509Certificate } from "node:crypto";
import { decodeUtf8, MlsignError } from "@mlsign/core";
import type { ASN1Obj } from "@sigstore/core";
import { members, parseDer } from "./der.ts";
import { type SubjectName, subjectNames } from "./names.ts";

/** A parsed certificate. Names are compared as the raw DER that was signed, never as text. */
export interface Certificate {
  readonly der: Buffer;
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  /** Basic constraints' cA bit, on its own not yet an authority (RFC 5280 4.2.1.9). */
  readonly cA: boolean;
  readonly pathLength: number | undefined;
  /** `undefined` where the certificate has no key usage extension (RFC 5280 4.2.1.3). */
  readonly keyUsage: ReadonlySet<"digitalSignature" | "keyCertSign"> | undefined;
  /** Object identifiers; `undefined` where there is no such extension (RFC 5280 4.2.1.12). */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: readonly SubjectName[];
  readonly subjectKeyId: Buffer | undefined;
  readonly authorityKeyId: Buffer | undefined;
  /** Critical extensions that nobody here understands: a verifier must refuse them (4.2). */
  readonly unknownCritical: readonly string[];
  readonly signatureAlgorithm: string;
  /** The value of an extension by object identifier, as the octets inside its OCTET STRING. */
  extension(oid: string): Buffer | undefined;
  /** Whether the issuer's key made this certificate's signature. */
  signedBy(issuer: Certificate): boolean;
  equals(other: Certificate): boolean;
  toPem(): string;
}

/**
 * Parses one certificate: bytes are DER, text is PEM.
 *
 * @throws MlsignError `bundle-malformed` where the bytes are not one certificate.
 */
export function parseCertificate(source: Uint8Array | string): Certificate {
  try {
    const x509 = new X509Certificate(typeof source === "string" ? source : Buffer.from(source));
    const same = typeof source === "string" || x509.raw.equals(source);
    if (!same) throw new Error("not DER, or data after the certificate");
    return new ParsedCertificate(x509);
  } catch (cause) {
    throw new MlsignError("bundle-malformed", "Cannot parse certificate: not X.509", { cause });
  }
}

/** Parses the PEM certificates of a file, in order; text between them is passed over. */
export function parseCertificates(pem: string | Uint8Array): Certificate[] {
  const text = typeof pem === "string" ? pem : decodeUtf8(pem);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => parseCertificate(block));
}

class ParsedCertificate implements Certificate {
  readonly der: Buffer;
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly cA: boolean;
  readonly pathLength: number | undefined;
  readonly keyUsage: ReadonlySet<"digitalSignature" | "keyCertSign"> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: readonly SubjectName[];
  readonly subjectKeyId: Buffer | undefined;
  readonly authorityKeyId: Buffer | undefined;
  readonly unknownCritical: readonly string[];
  readonly signatureAlgorithm: string;
  readonly #x509: X509Certificate;
  readonly #extensions: ReadonlyMap<string, Buffer>;

  constructor(x509: X509Certificate) {
    this.#x509 = x509;
    this.der = Buffer.from(x509.raw);
    this.publicKey = x509.publicKey;
    const tbs = members(parseDer(this.der))[0];
    // RFC 5280 4.1: version is there in every certificate with extensions.
    const fields = members(tbs).filter((field) => !field.tag.isContextSpecific());
    const [, algorithm, issuer, validity, subject] = fields;
    this.signatureAlgorithm = members(algorithm)[0]?.toOID() ?? "";
    this.issuer = octets(issuer);
    this.subject = octets(subject);
    [this.notBefore, this.notAfter] = period(validity);
    const extensions = members(tbs).find((field) => field.tag.isContextSpecific(3));
    const list = members(extensions?.subs[0]).map(readExtension);
    this.#extensions = new Map(list.map(({ oid, value }) => [oid, value]));
    if (this.#extensions.size !== list.length) throw new Error("extension given twice");
    this.unknownCritical = list
      .filter((e) => e.critical && !UNDERSTOOD.has(e.oid))
      .map((e) => e.oid);

    const constraints = members(this.#parsed(BASIC_CONSTRAINTS));
    this.cA = constraints[0]?.tag.isBoolean() === true && constraints[0].toBoolean();
    const length = constraints.at(-1);
    this.pathLength = this.cA && constraints.length === 2 ? Number(length?.toInteger()) : undefined;
    this.keyUsage = usage(this.#parsed(KEY_USAGE));
    const purposes = this.#parsed(EXTENDED_KEY_USAGE);
    this.extendedKeyUsage = purposes && members(purposes).map((purpose) => purpose.toOID());
    this.names = subjectNames(this.#parsed(SUBJECT_ALT_NAME));
    this.subjectKeyId = this.#parsed(SUBJECT_KEY_ID)?.value;
    const authority = members(this.#parsed(AUTHORITY_KEY_ID));
    this.authorityKeyId = authority.find((member) => member.tag.isContextSpecific(0))?.value;
  }

  extension(oid: string): Buffer | undefined {
    return this.#extensions.get(oid);
  }

  signedBy(issuer: Certificate): boolean {
    try {
      return this.#x509.verify(issuer.publicKey);
    } catch {
      return false;
    }
  }

  equals(other: Certificate): boolean {
    return this.der.equals(other.der);
  }

  toPem(): string {
    return this.#x509.toString();
  }

  #parsed(oid: string): ASN1Obj | undefined {
    const value = this.#extensions.get(oid);
    return value && parseDer(value);
  }
}

function readExtension(extension: ASN1Obj): { oid: string; critical: boolean; value: Buffer } {
  const [oid, second] = extension.subs;
  const value = extension.subs.at(-1);
  if (oid === undefined || value === undefined) throw new Error("malformed extension");
  const critical = second?.tag.isBoolean() === true && second.toBoolean();
  return { oid: oid.toOID(), critical, value: value.value };
}

/** A name's octets as they were signed; re-encoding could make two names of one. */
function octets(name: ASN1Obj | undefined): Buffer {
  if (name === undefined) throw new Error("malformed certificate");
  return name.value;
}

function period(validity: ASN1Obj | undefined): [Date, Date] {
  const [from, to] = members(validity).map((time) => time.toDate());
  if (from === undefined || to === undefined) throw new Error("malformed validity");
  return [from, to];
}

function usage(
  value: ASN1Obj | undefined,
): ReadonlySet<"digitalSignature" | "keyCertSign"> | undefined {
  if (value === undefined) return undefined;
  const bits = value.toBitString();
  const set = new Set<"digitalSignature" | "keyCertSign">();
  if (bits[0] === 1) set.add("digitalSignature");
  if (bits[5] === 1) set.add("keyCertSign");
  return set;
}

const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_ALT_NAME = "2.5.29.17";
const SUBJECT_KEY_ID = "2.5.29.14";
const AUTHORITY_KEY_ID = "2.5.29.35";
const UNDERSTOOD = new Set([BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME]);
