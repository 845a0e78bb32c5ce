import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";
import { entryNameFault, nameText } from "./entry-name.ts";
import { isTorchTar, judgeTorchStream, torchStreamKind } from "./torch-tar.ts";

/** Tar archives, with what readers disagree about told: links, names of two kinds, bytes behind. */
export const TAR: Format = {
  name: "tar",
  recognises(source) {
    const block = source.read(0, 512);
    return (
      block.length === 512 && (block.toString("latin1", 257, 262) === "ustar" || sumFits(block))
    );
  },
  async scan(source, examination) {
    examination.format("tar");
    const entries = readEntries(source, examination);
    const torch = isTorchTar(entries.map(({ name }) => name));
    if (torch) examination.format("torch-tar");
    for (const { name, data } of entries) {
      const kind = torch ? torchStreamKind(name) : undefined;
      if (kind === undefined) await examination.descend(name, data);
      else await judgeTorchStream(kind, data, examination);
    }
  },
};

interface Entry {
  readonly name: string;
  readonly data: ByteSource;
}

function readEntries(source: ByteSource, examination: Examination): Entry[] {
  const fault = (
    rule: string,
    message: string,
    verdict: "unscannable" | "dangerous" = "unscannable",
  ): void => examination.report({ verdict, rule, message });
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = 0;
  let longName: string | undefined;
  let paxName: string | undefined;
  let paxSize: number | undefined;
  for (;;) {
    if (at + 512 > source.size) {
      if (at !== source.size) fault("tar-cut", "ends within a header");
      return entries;
    }
    const block = Buffer.from(source.read(at, 512));
    if (block.every((byte) => byte === 0)) break;
    if (!sumFits(block)) {
      fault("tar-header", "holds a header whose sum is wrong");
      if (entries.length === 0) return entries;
      entries.push({ name: "(bytes behind)", data: sliceSource(source, at, source.size - at) });
      return entries;
    }
    const type = String.fromCharCode(block[156] ?? 0);
    const size = paxSize ?? octal(block.subarray(124, 136));
    const data = at + 512;
    if (size === undefined || data + size > source.size) {
      fault("tar-cut", "ends within an entry");
      if (size === undefined) return entries;
    }
    at = data + Math.ceil(size / 512) * 512;
    if (type === "L" || type === "K" || type === "x" || type === "g") {
      const text = sliceSource(source, data, Math.min(size, MAX_EXTENDED)).read(0, MAX_EXTENDED);
      if (size > MAX_EXTENDED) fault("limit", "has an extended header that is longer than is read");
      if (type === "L") longName = nameText(Buffer.from(text)).replace(/\0.*$/s, "");
      if (type !== "x" && type !== "g") continue;
      const fields = paxFields(Buffer.from(text));
      if (fields === undefined) fault("tar-header", "has an extended header that is not read");
      if (type === "g" && (fields?.has("path") || fields?.has("size"))) {
        fault("tar-header", "names or measures all its entries at once");
      }
      paxName = fields?.get("path") ?? paxName;
      const wanted = fields?.get("size");
      if (wanted !== undefined) paxSize = /^\d{1,15}$/.test(wanted) ? Number(wanted) : undefined;
      continue;
    }
    const own = ownName(block);
    const name = paxName ?? longName ?? own;
    [longName, paxName, paxSize] = [undefined, undefined, undefined];
    const bad = entryNameFault(name);
    if (bad !== undefined)
      fault("tar-name", bad.message, bad.verdict === "dangerous" ? "dangerous" : "unscannable");
    if (names.has(name) && type !== "5")
      fault("tar-duplicate", `holds two entries ${JSON.stringify(name)}`);
    names.add(name);
    if (type === "1" || type === "2") fault("tar-link", `holds a link ${JSON.stringify(name)}`);
    else if (type !== "5" && type !== "0" && type !== "\0" && type !== "7") {
      fault("tar-special", `holds an entry of type ${JSON.stringify(type)}`);
    }
    if (entries.length >= MAX_ENTRIES) {
      fault("limit", `holds more than ${MAX_ENTRIES} entries`);
      return entries;
    }
    if (size > 0) entries.push({ name, data: sliceSource(source, data, size) });
  }
  // One reader stops at the first empty block, and another goes on.
  const rest = firstByte(source, at);
  if (rest !== undefined) {
    fault("tar-suffix", `has bytes behind its end`);
    const start = rest - (rest % 512);
    entries.push({ name: "(bytes behind)", data: sliceSource(source, start, source.size - start) });
  }
  return entries;
}

function ownName(block: Buffer): string {
  const field = (from: number, to: number): string =>
    nameText(block.subarray(from, to)).replace(/\0.*$/s, "");
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? field(345, 500) : "";
  return prefix === "" ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}

function paxFields(bytes: Buffer): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const length = /^(\d{1,7}) /.exec(bytes.toString("latin1", at, at + 8))?.[1];
    if (length === undefined) return undefined;
    const record = bytes.toString("utf8", at + length.length + 1, at + Number(length) - 1);
    const equal = record.indexOf("=");
    if (equal < 0 || Number(length) === 0) return undefined;
    fields.set(record.slice(0, equal), record.slice(equal + 1));
    at += Number(length);
  }
  return fields;
}

/** A number in octal digits, or as GNU writes large ones. */
function octal(field: Buffer): number | undefined {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = field.toString("latin1").replace(/\0.*$/s, "").trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : undefined;
}

function sumFits(block: Buffer): boolean {
  const wanted = octal(block.subarray(148, 156));
  if (wanted === undefined || wanted === 0) return false;
  let sum = 8 * 32;
  for (let i = 0; i < 512; i += 1) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum === wanted;
}

function firstByte(source: ByteSource, from: number): number | undefined {
  for (let at = from; at < source.size; at += BLOCK) {
    const found = source.read(at, BLOCK).findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
  }
  return undefined;
}

const MAX_ENTRIES = 100_000;
const MAX_EXTENDED = 1024 * 1024;
const BLOCK = 64 * 1024;
