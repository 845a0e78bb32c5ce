import { Buffer } from "node:buffer";
import type { ByteSource } from "../source.ts";

/** What one header says of an entry. */
export interface ZipHeader {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly compressed: number;
  readonly uncompressed: number;
}

export interface CentralEntry extends ZipHeader {
  /** Of the local header, as the directory has it. */
  readonly offset: number;
  /** Unix mode, or 0. */
  readonly mode: number;
  /** Of the record in the directory. */
  readonly length: number;
  /** What an extra field says the name is. */
  readonly otherName: Buffer | undefined;
}

/** An end record with the directory that it leads to. */
export interface ZipDirectory {
  /** Of the end record. */
  readonly end: number;
  /** Of the first record of the directory. */
  readonly start: number;
  readonly size: number;
  readonly count: number;
  /** What has to be added to offsets: bytes before the archive. */
  readonly shift: number;
}

/**
 * Every directory that a reader may take: at the offset that an end record has, and right before
 * the end record. More than one is two views of one file.
 */
export function zipDirectories(source: ByteSource): ZipDirectory[] {
  const tail = Math.min(source.size, MAX_TAIL);
  const from = source.size - tail;
  const bytes = Buffer.from(source.read(from, tail));
  const found: ZipDirectory[] = [];
  for (let at = bytes.lastIndexOf(END); at >= 0 && found.length < MAX_DIRECTORIES;) {
    if (at + 22 <= bytes.length) {
      for (const each of directoriesOf(source, from + at, bytes.subarray(at, at + 22))) {
        if (!found.some(({ start, shift }) => start === each.start && shift === each.shift)) {
          found.push(each);
        }
      }
    }
    at = at === 0 ? -1 : bytes.lastIndexOf(END, at - 1);
  }
  return found;
}

function directoriesOf(source: ByteSource, end: number, record: Buffer): ZipDirectory[] {
  let count = record.readUInt16LE(10);
  let size = record.readUInt32LE(12);
  let offset = record.readUInt32LE(16);
  let before = end;
  const locator = end >= 20 ? source.read(end - 20, 20) : undefined;
  if (locator?.readUInt32LE(0) === 0x07064b50) {
    const wanted = Number(locator.readBigUInt64LE(8));
    for (const at of [end - 20 - 56, wanted]) {
      if (!(at >= 0) || at + 56 > source.size) continue;
      const far = source.read(at, 56);
      if (far.readUInt32LE(0) !== 0x06064b50) continue;
      count = Number(far.readBigUInt64LE(32));
      size = Number(far.readBigUInt64LE(40));
      offset = Number(far.readBigUInt64LE(48));
      before = at;
      break;
    }
  }
  if (count === 0 && size === 0) return [{ end, start: before, size, count, shift: 0 }];
  const found: ZipDirectory[] = [];
  const places = new Set([before - size, offset]);
  for (const start of places) {
    if (start < 0 || start + 46 > source.size) continue;
    if (source.read(start, 4).readUInt32LE(0) !== 0x02014b50) continue;
    found.push({ end, start, size, count, shift: start - offset });
  }
  return found;
}

/** Thrown where a record is cut or no record at all. */
export class BadRecord extends Error {}

/** The directory's entries in order. @throws BadRecord */
export function* centralEntries(
  source: ByteSource,
  { start, end }: ZipDirectory,
): Generator<CentralEntry> {
  for (let at = start; at + 46 <= end;) {
    const head = Buffer.from(source.read(at, 46));
    if (head.readUInt32LE(0) !== 0x02014b50) return;
    const nameLength = head.readUInt16LE(28);
    const extraLength = head.readUInt16LE(30);
    const length = 46 + nameLength + extraLength + head.readUInt16LE(32);
    if (at + length > source.size) throw new BadRecord("ends within its directory");
    const rest = Buffer.from(source.read(at + 46, nameLength + extraLength));
    const extra = extraFields(rest.subarray(nameLength), {
      uncompressed: head.readUInt32LE(24),
      compressed: head.readUInt32LE(20),
      offset: head.readUInt32LE(42),
    });
    yield {
      name: rest.subarray(0, nameLength),
      flags: head.readUInt16LE(8),
      method: head.readUInt16LE(10),
      mode: head.readUInt32LE(38) >>> 16,
      length,
      ...extra,
    };
    at += length;
  }
}

/** A local header, with where its data begins. @throws BadRecord */
export function localHeader(source: ByteSource, at: number): ZipHeader & { readonly data: number } {
  if (!(at >= 0) || at + 30 > source.size)
    throw new BadRecord("names a header outside of the file");
  const head = Buffer.from(source.read(at, 30));
  if (head.readUInt32LE(0) !== 0x04034b50) throw new BadRecord("names a header that is none");
  const nameLength = head.readUInt16LE(26);
  const extraLength = head.readUInt16LE(28);
  const rest = Buffer.from(source.read(at + 30, nameLength + extraLength));
  if (rest.length < nameLength + extraLength) throw new BadRecord("ends within a header");
  const { compressed, uncompressed } = extraFields(rest.subarray(nameLength), {
    uncompressed: head.readUInt32LE(22),
    compressed: head.readUInt32LE(18),
    offset: 0,
  });
  return {
    name: rest.subarray(0, nameLength),
    flags: head.readUInt16LE(6),
    method: head.readUInt16LE(8),
    compressed,
    uncompressed,
    data: at + 30 + nameLength + extraLength,
  };
}

interface Sizes {
  readonly uncompressed: number;
  readonly compressed: number;
  readonly offset: number;
}

/** Sizes that need 64 bits stand in an extra field, in order, where the 32 bits are all ones. */
function extraFields(
  extra: Buffer,
  sizes: Sizes,
): Sizes & { readonly otherName: Buffer | undefined } {
  let { uncompressed, compressed, offset } = sizes;
  let otherName: Buffer | undefined;
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at);
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    at += 4 + extra.readUInt16LE(at + 2);
    if (id === 0x7075 && field.length > 5) otherName = field.subarray(5);
    if (id !== 0x0001) continue;
    let in64 = 0;
    const next = (short: number): number => {
      if (short !== 0xffffffff || in64 + 8 > field.length) return short;
      in64 += 8;
      return Number(field.readBigUInt64LE(in64 - 8));
    };
    uncompressed = next(uncompressed);
    compressed = next(compressed);
    offset = next(offset);
  }
  return { uncompressed, compressed, offset, otherName };
}

const END = Buffer.from("PK\x05\x06", "latin1");
/** An end record, its comment, and room for what somebody appended. */
const MAX_TAIL = 256 * 1024;
const MAX_DIRECTORIES = 8;
