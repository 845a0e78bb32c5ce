import { decodeUtf8, printable } from "@mlsign/core";
import { Header } from "tar";
import { archiveInvalid } from "./tar-bytes.ts";

/** A file or directory. */
export interface EntryHeader {
  readonly kind: "file" | "directory";
  readonly name: string;
  /** Bytes of the body. */
  readonly size: number;
}

/** A header about the entry that follows. */
export interface ExtensionHeader {
  readonly kind: "extension";
  readonly type: string;
  readonly size: number;
}

/** What headers before an entry say about it. */
export interface Extension {
  readonly path?: string;
  readonly size?: number;
  /** There was a `x` header, whatever it held. */
  readonly pax?: true;
  readonly linkpath?: true;
}

/** Reads one block strictly: the tar library's reading and this one must agree. */
export function headerOf(block: Buffer, extension: Extension): EntryHeader | ExtensionHeader {
  const header = decode(block);
  const type = typeOf(block);
  if (EXTENSIONS.has(type)) {
    return { kind: "extension", type, size: sizeOf(block, header) };
  }
  const name = extension.path ?? nameOf(block, header);
  const refused = REFUSED[type];
  if (refused !== undefined || (type !== FILE && type !== DIRECTORY)) {
    throw archiveInvalid(
      `"${printable(name)}" is ${refused ?? `an entry of type "${printable(type)}"`}`,
    );
  }
  if (extension.linkpath === true || linkOf(block) !== "") {
    throw archiveInvalid(`"${printable(name)}" has a link's target and is no link`);
  }
  const size = extension.size ?? sizeOf(block, header);
  // Before ustar a directory was a file whose name ends in a slash.
  const directory = type === DIRECTORY || name.endsWith("/");
  if (directory && size > 0) throw archiveInvalid(`the directory "${printable(name)}" has content`);
  return { kind: directory ? "directory" : "file", name, size };
}

/** What an extension header adds; each thing may be said once. */
export function extensionOf(header: ExtensionHeader, body: Buffer, before: Extension): Extension {
  switch (header.type) {
    case "g":
      globalOf(body);
      return before;
    case "x": {
      if (before.pax === true) throw archiveInvalid("two extended headers for one entry");
      return merge(before, { ...paxOf(body), pax: true });
    }
    case "L":
      return merge(before, { path: text(cut(body)) });
    default:
      return merge(before, { linkpath: true });
  }
}

function merge(before: Extension, more: Extension): Extension {
  const twice = before.path !== undefined && more.path !== undefined;
  if (twice) throw archiveInvalid("two names for one entry");
  return { ...before, ...more };
}

function decode(block: Buffer): Header {
  let header: Header;
  try {
    header = new Header(block, 0);
  } catch (cause) {
    throw archiveInvalid("a header is malformed", cause);
  }
  if (!header.cksumValid) throw archiveInvalid("a header's checksum is wrong: damaged, or no tar");
  return header;
}

function nameOf(block: Buffer, header: Header): string {
  const ustar = block.subarray(257, 263).equals(USTAR);
  const prefix = ustar ? text(cut(block.subarray(345, 500))) : "";
  const own = text(cut(block.subarray(0, 100)));
  const name = prefix === "" ? own : `${prefix}/${own}`;
  if (name !== header.path)
    throw archiveInvalid(`the name "${printable(name)}" can be read in two ways`);
  return name;
}

function sizeOf(block: Buffer, header: Header): number {
  const field = block.subarray(124, 136);
  const plain = (field[0] ?? 0) < 0x80;
  const { size } = header;
  const written = field.toString("latin1");
  // The library takes a directory's size for 0, whatever is written; other programs do not.
  const readable = plain ? OCTAL.test(written) : header.type !== "Directory";
  if (!readable || size === undefined || !Number.isSafeInteger(size)) {
    throw archiveInvalid("a size is malformed");
  }
  return plain ? Number.parseInt(written.trim(), 8) : size;
}

function linkOf(block: Buffer): string {
  return cut(block.subarray(157, 257)).toString("latin1");
}

function typeOf(block: Buffer): string {
  const code = block[156] ?? 0;
  return code === 0 ? FILE : String.fromCharCode(code);
}

/** Records `length key=value\n`, where length counts all of it (POSIX pax). */
function* paxRecords(body: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? "" : body.toString("latin1", at, space);
    const end = at + Number(length);
    const equals = body.indexOf(0x3d, space);
    const whole = /^[1-9]\d{0,6}$/.test(length) && end <= body.length && body[end - 1] === 0x0a;
    if (!whole || equals < 0 || equals >= end)
      throw archiveInvalid("an extended header is malformed");
    yield [body.toString("latin1", space + 1, equals), body.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function paxOf(body: Buffer): Extension {
  const seen = new Set<string>();
  let extension: Extension = {};
  for (const [key, value] of paxRecords(body)) {
    if (seen.has(key)) throw archiveInvalid(`an extended header has "${printable(key)}" twice`);
    seen.add(key);
    if (key.startsWith("GNU.sparse.")) throw archiveInvalid("it holds a sparse file");
    if (key === "path") extension = { ...extension, path: text(value) };
    if (key === "linkpath") extension = { ...extension, linkpath: true };
    if (key === "size") extension = { ...extension, size: paxSize(value) };
  }
  return extension;
}

function globalOf(body: Buffer): void {
  for (const [key] of paxRecords(body)) {
    if (key === "path" || key === "linkpath" || key === "size" || key.startsWith("GNU.sparse.")) {
      throw archiveInvalid(`a global header sets "${printable(key)}"`);
    }
  }
}

function paxSize(value: Buffer): number {
  const size = Number(value.toString("latin1"));
  if (!/^\d+$/.test(value.toString("latin1")) || !Number.isSafeInteger(size)) {
    throw archiveInvalid("a size is malformed");
  }
  return size;
}

function cut(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

function text(bytes: Buffer): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw archiveInvalid("a name is not UTF-8", cause);
  }
}

const FILE = "0";
const DIRECTORY = "5";
const EXTENSIONS: ReadonlySet<string> = new Set(["x", "g", "L", "K"]);
const REFUSED: { readonly [type: string]: string } = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a FIFO",
  S: "a sparse file",
};
const USTAR = Buffer.from("ustar\0");
const OCTAL = /^ *[0-7]+[ \0]*$/;
