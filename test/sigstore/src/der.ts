/** Just enough DER (X.690): what certificates, RFC 3161 tokens and ECDSA signatures are made of. */

export function tlv(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

export function sequence(...items: Uint8Array[]): Buffer {
  return tlv(0x30, ...items);
}

/** SET OF: members in ascending order of their encoding, as DER has it. */
export function setOf(...items: Uint8Array[]): Buffer {
  return tlv(0x31, ...items.toSorted((a, b) => Buffer.compare(a, b)));
}

export function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

/** A non-negative INTEGER. Bytes are taken as an unsigned number, big-endian. */
export function integer(value: number | bigint | Uint8Array): Buffer {
  const bytes = typeof value === "object" ? Buffer.from(value) : bytesOf(BigInt(value));
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const short = bytes.subarray(start);
  return tlv(0x02, (short[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), short]) : short);
}

export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return tlv(0x03, Buffer.from([unused]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return tlv(0x04, bytes);
}

export function nothing(): Buffer {
  return tlv(0x05);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function utf8String(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text, "utf8"));
}

/** UTCTime until 2049 and GeneralizedTime after, as RFC 5280 4.1.2.5 has it; whole seconds. */
export function time(date: Date): Buffer {
  const year = date.getUTCFullYear();
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return year >= 1950 && year < 2050
    ? tlv(0x17, Buffer.from(digits.slice(2)))
    : generalizedTime(date);
}

/** `fraction` is appended as it stands, such as `.5`. */
export function generalizedTime(date: Date, fraction = ""): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+Z/g, "");
  return tlv(0x18, Buffer.from(`${digits}${fraction}Z`));
}

/** `[n]` around whole elements. */
export function explicit(n: number, ...items: Uint8Array[]): Buffer {
  return tlv(0xa0 + n, ...items);
}

/** `[n]` in place of a primitive's own tag: `content` is the bare value. */
export function implicit(n: number, content: Uint8Array): Buffer {
  return tlv(0x80 + n, content);
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** The whole encoding, tag and length included. */
  readonly raw: Buffer;
}

/** @throws SyntaxError where the bytes are not exactly one element. */
export function readOne(bytes: Buffer): Element {
  const [element, ...rest] = readAll(bytes);
  if (element === undefined || rest.length > 0) {
    throw new SyntaxError("Cannot read DER: not exactly one element");
  }
  return element;
}

/** Reads the elements that follow each other in `bytes`, such as a SEQUENCE's content. */
export function readAll(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const [header, length] = readHeader(bytes, at);
    const end = at + header + length;
    if (!(end <= bytes.length)) throw new SyntaxError("Cannot read DER: cut short");
    elements.push({
      tag: bytes.readUInt8(at),
      content: bytes.subarray(at + header, end),
      raw: bytes.subarray(at, end),
    });
    at = end;
  }
  return elements;
}

export function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(value);
    value = 0;
  }
  const [joined = 0, ...rest] = arcs;
  const first = Math.min(2, Math.floor(joined / 40));
  return [first, joined - first * 40, ...rest].join(".");
}

export function readInteger(content: Buffer): bigint {
  return BigInt(`0x${content.toString("hex") || "0"}`);
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function readHeader(bytes: Buffer, at: number): [header: number, length: number] {
  const first = bytes[at + 1] ?? 0xff;
  if (first < 0x80) return [2, first];
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw new SyntaxError("Cannot read DER: unusable length");
  return [2 + count, bytes.readUIntBE(at + 2, count)];
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = bytesOf(BigInt(length));
  return Buffer.concat([Buffer.from([0x80 + bytes.length]), bytes]);
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) + 128);
  }
  return digits;
}
