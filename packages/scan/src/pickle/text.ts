import type { ByteSource } from "../source.ts";
import { Broken } from "./window.ts";

/** Text opcodes, as CPython reads them; a name or key is read again from the place of its opcode. */
export function textAt(source: ByteSource, at: number, longest: number): string {
  const bytes = Buffer.from(source.read(at, longest + 16));
  const opcode = bytes[0];
  switch (opcode) {
    case 0x53: // STRING
      return quoted(lineOf(bytes));
    case 0x56: // UNICODE
      return rawUnicode(lineOf(bytes));
    case 0x55: // SHORT_BINSTRING
      return latin1(part(bytes, 2, bytes[1] ?? 0));
    case 0x54: // BINSTRING
      return latin1(part(bytes, 5, bytes.readUInt32LE(1)));
    case 0x8c: // SHORT_BINUNICODE
      return utf8(part(bytes, 2, bytes[1] ?? 0));
    case 0x58: // BINUNICODE
      return utf8(part(bytes, 5, bytes.readUInt32LE(1)));
    default: // BINUNICODE8
      return utf8(part(bytes, 9, bytes.readUInt32LE(1) + bytes.readUInt32LE(5) * 2 ** 32));
  }
}

/** Python's names are UTF-8; a stream with other bytes ends there. */
export function utf8(bytes: Buffer): string {
  const text = latin1(bytes);
  return ASCII.test(text) ? text : decoded(bytes);
}

/** What PERSID and INST hold. */
export function plainAscii(bytes: Buffer): string {
  const text = latin1(bytes);
  if (!ASCII.test(text)) throw new Broken("holds a name or persistent id that is not ASCII");
  return text;
}

function decoded(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Broken("holds a name that is not UTF-8");
  }
}

/** A `repr` of bytes, as STRING has it, escapes resolved. */
export function quoted(line: Buffer): string {
  const text = latin1(line);
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) {
    throw new Broken("holds a text without its quotes");
  }
  if (!text.includes("\\")) return text.slice(1, -1);
  return text
    .slice(1, -1)
    .replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (all, it: string) => {
      if (/^x./.test(it)) return String.fromCharCode(Number.parseInt(it.slice(1), 16));
      if (/^[0-7]/.test(it)) return String.fromCharCode(Number.parseInt(it, 8) & 0xff);
      if (it === "x" || it === "") throw new Broken("holds an escape that is cut");
      return ESCAPES[it] ?? all;
    });
}

/** `raw-unicode-escape`: an odd number of backslashes before the letter makes it an escape. */
export function rawUnicode(line: Buffer): string {
  const text = latin1(line);
  if (!text.includes("\\")) return text;
  const escape = /(\\+)(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[uU])/g;
  return text.replaceAll(escape, (all, slashes: string, it: string) => {
    if (slashes.length % 2 === 0) return all;
    const point = Number.parseInt(it.slice(1), 16);
    if (!(point <= 0x10ffff)) throw new Broken("holds an escape that is cut");
    return slashes.slice(1) + String.fromCodePoint(point);
  });
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}

function lineOf(bytes: Buffer): Buffer {
  const end = bytes.indexOf(10);
  if (end < 0) throw new Broken("holds a name that is too long");
  return bytes.subarray(1, end);
}

function part(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new Broken("holds a name that is too long");
  return bytes.subarray(at, at + length);
}

// oxlint-disable-next-line no-control-regex -- all of them are allowed
const ASCII = /^[\0-\x7f]*$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
