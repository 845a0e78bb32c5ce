import { randomBytes, type KeyObject } from "node:crypto";
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  time,
  tlv,
  utf8String,
} from "./der.ts";
import { type Hash, type Keys, sha, signatureAlgorithm, signWith } from "./keys.ts";

/** `username` is Fulcio's otherName (1.3.6.1.4.1.57264.1.7). */
export interface AlternativeName {
  readonly type: "email" | "uri" | "dns" | "username";
  readonly value: string;
}

export interface Extension {
  readonly oid: string;
  readonly critical?: boolean;
  /** The DER inside the extension's OCTET STRING. */
  readonly value: Uint8Array;
}

/** A bit's name as RFC 5280 4.2.1.3 has it. */
export type KeyUsage = (typeof KEY_USAGES)[number];

/** A certificate of any shape, well formed or not: what is left out is left out. */
export interface CertificateShape {
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Common name; none makes the subject empty. */
  readonly subject?: string;
  /** Whether basicConstraints says cA; none leaves the extension out. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: readonly KeyUsage[];
  /** Object identifiers; `PURPOSE` names the usual ones. */
  readonly purposes?: readonly string[];
  readonly purposesCritical?: boolean;
  readonly names?: readonly AlternativeName[];
  readonly extensions?: readonly Extension[];
  readonly serial?: Uint8Array;
  /** The issuer's hash; its key's own where left out. */
  readonly hash?: Hash;
}

export interface Issuer {
  readonly name: string;
  readonly keys: Keys;
}

/** Makes the SCTs that are embedded, from the precertificate's TBS. */
export type Timestamper = (tbs: Buffer, issuerSpki: Buffer) => readonly Buffer[];

/** Builds a certificate. No SCT extension is embedded where there is no timestamper. */
export function buildCertificate(
  shape: CertificateShape,
  issuer: Issuer,
  timestamp?: Timestamper,
): Buffer {
  const extensions = extensionsOf(shape, issuer);
  const serial = shape.serial ?? serialNumber();
  const tbs = (all: readonly Extension[]): Buffer => tbsCertificate(shape, issuer, serial, all);
  const scts = timestamp?.(tbs(extensions), issuer.keys.spki);
  const signed = tbs(scts === undefined ? extensions : [...extensions, sctExtension(scts)]);
  const algorithm = signatureAlgorithm(issuer.keys.publicKey, shape.hash);
  return sequence(signed, algorithm, bitString(signWith(issuer.keys, signed, shape.hash)));
}

export function distinguishedName(commonName: string | undefined): Buffer {
  if (commonName === undefined) return sequence();
  return sequence(
    setOf(sequence(oid("2.5.4.10"), utf8String("sigstore.test"))),
    setOf(sequence(oid("2.5.4.3"), utf8String(commonName))),
  );
}

function tbsCertificate(
  shape: CertificateShape,
  issuer: Issuer,
  serial: Uint8Array,
  extensions: readonly Extension[],
): Buffer {
  return sequence(
    explicit(0, integer(2)),
    integer(serial),
    signatureAlgorithm(issuer.keys.publicKey, shape.hash),
    distinguishedName(issuer.name),
    sequence(time(shape.notBefore), time(shape.notAfter)),
    distinguishedName(shape.subject),
    shape.publicKey.export({ format: "der", type: "spki" }),
    explicit(3, sequence(...extensions.map(encodeExtension))),
  );
}

function extensionsOf(shape: CertificateShape, issuer: Issuer): Extension[] {
  const { keyUsage, purposes, ca, names, extensions = [] } = shape;
  const spki = shape.publicKey.export({ format: "der", type: "spki" });
  const keyId = (key: Buffer): Buffer => sha(key).subarray(0, 20);
  const all: Extension[] = [];
  if (keyUsage !== undefined) {
    all.push({ oid: "2.5.29.15", critical: true, value: keyUsageBits(keyUsage) });
  }
  if (purposes !== undefined) {
    const value = sequence(...purposes.map(oid));
    all.push({ oid: "2.5.29.37", critical: shape.purposesCritical ?? false, value });
  }
  if (ca !== undefined) {
    all.push({ oid: "2.5.29.19", critical: true, value: basicConstraints(ca, shape.pathLength) });
  }
  all.push({ oid: "2.5.29.14", value: octetString(keyId(spki)) });
  all.push({ oid: "2.5.29.35", value: sequence(implicit(0, keyId(issuer.keys.spki))) });
  if (names !== undefined) {
    // RFC 5280 4.1.2.6: critical where the subject is empty
    const critical = shape.subject === undefined;
    all.push({ oid: "2.5.29.17", critical, value: sequence(...names.map(generalName)) });
  }
  return [...all, ...extensions];
}

function encodeExtension({ oid: id, critical = false, value }: Extension): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function basicConstraints(ca: boolean, pathLength: number | undefined): Buffer {
  return sequence(
    ...(ca ? [boolean(true)] : []),
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
  );
}

function keyUsageBits(usages: readonly KeyUsage[]): Buffer {
  const bits = usages.map((usage) => KEY_USAGES.indexOf(usage));
  const value = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = bits.length === 0 ? 0 : 7 - Math.max(...bits);
  return bitString(Buffer.from(bits.length === 0 ? [] : [value]), unused);
}

function generalName({ type, value }: AlternativeName): Buffer {
  const bytes = Buffer.from(value, "utf8");
  if (type === "email") return implicit(1, bytes);
  if (type === "dns") return implicit(2, bytes);
  if (type === "uri") return implicit(6, bytes);
  return tlv(0xa0, oid("1.3.6.1.4.1.57264.1.7"), explicit(0, utf8String(value)));
}

/** RFC 6962 3.3: a TLS-encoded list in an OCTET STRING of its own. */
function sctExtension(scts: readonly Buffer[]): Extension {
  const list = Buffer.concat(scts.map((sct) => Buffer.concat([uint16(sct.length), sct])));
  const value = octetString(Buffer.concat([uint16(list.length), list]));
  return { oid: "1.3.6.1.4.1.11129.2.4.2", value };
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}

const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
] as const;

export const PURPOSE = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  timeStamping: "1.3.6.1.5.5.7.3.8",
} as const;
