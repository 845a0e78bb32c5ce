import { createInflateRaw } from "node:zlib";
import { decodeWith } from "../decode.ts";
import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";
import { entryNameFault, nameText } from "./entry-name.ts";
import { describeZip, isRawEntry, type ZipKind, zipKind } from "./zip-kind.ts";
import {
  BadRecord,
  type CentralEntry,
  centralEntries,
  localHeader,
  type ZipDirectory,
  zipDirectories,
  type ZipHeader,
} from "./zip-records.ts";

/**
 * Zip archives, by the directory and by the local headers: readers differ in which of the two they
 * believe, in whether they look at flags and checksums, and in what they make of bytes between
 * entries. Every disagreement is told, and every view is judged.
 */
export const ZIP: Format = {
  name: "zip",
  recognises: (source) =>
    startsWith(source, 0x04034b50) ||
    startsWith(source, 0x08074b50) ||
    zipDirectories(source).length > 0,
  async scan(source, examination) {
    examination.format("zip");
    await new ZipScan(source, examination).run();
  },
};

/** An entry of some view, ready to be judged. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly data: number;
  readonly compressed: number;
  readonly uncompressed: number | undefined;
}

class ZipScan {
  readonly #source: ByteSource;
  readonly #examination: Examination;
  readonly #entries: Entry[] = [];
  readonly #names = new Set<string>();
  /** Where the parts that some view knows begin and end. */
  readonly #known: [from: number, to: number][] = [];
  readonly #judged = new Set<string>();

  constructor(source: ByteSource, examination: Examination) {
    this.#source = source;
    this.#examination = examination;
  }

  async run(): Promise<void> {
    const directories = zipDirectories(this.#source);
    if (directories.length === 0) this.#fault("zip-cut", "is a zip archive without a directory");
    if (directories.length > 1) {
      this.#fault("zip-two-views", `has ${directories.length} directories to choose from`);
    }
    for (const directory of directories) this.#readDirectory(directory);
    const last = Math.max(0, ...directories.map(({ end }) => end));
    this.#findGaps(directories.length === 0 ? this.#source.size : last);
    this.#lookBehind(directories);
    const kind = zipKind(this.#names);
    describeZip(kind, this.#examination);
    for (const entry of this.#entries) await this.#judge(entry, kind);
  }

  #readDirectory(directory: ZipDirectory): void {
    const { start, end, count, size, shift } = directory;
    if (shift !== 0) {
      this.#fault("zip-prefix", `has ${shift} bytes before the archive that it says it is`);
    }
    let seen = 0;
    let at = start;
    const own = new Set<string>();
    try {
      for (const central of centralEntries(this.#source, directory)) {
        seen += 1;
        at += central.length;
        if (this.#entries.length >= MAX_ENTRIES) {
          return this.#fault("limit", `holds more than ${MAX_ENTRIES} entries`);
        }
        this.#readEntry(central, shift, own);
      }
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      this.#fault("zip-cut", error.message);
    }
    if (seen !== count && (count !== 0xffff || seen < count)) {
      this.#fault("zip-two-views", `says that it holds ${count} entries, and lists ${seen}`);
    }
    if (count > 0 && at - start !== size) {
      this.#fault("zip-two-views", "has a directory of another length than it says");
    }
    this.#known.push([start, Math.max(at, start)], [Math.min(at, end), end + 22]);
  }

  #readEntry(central: CentralEntry, shift: number, own: Set<string>): void {
    const name = nameText(central.name);
    if (own.has(name)) this.#fault("zip-duplicate", `holds two entries ${quoted(name)}`);
    own.add(name);
    this.#names.add(name);
    const fault = entryNameFault(name);
    if (fault !== undefined) this.#examination.report({ ...fault, rule: "zip-name" });
    if (central.otherName !== undefined && !central.otherName.equals(central.name)) {
      this.#fault("zip-two-names", `has two names for ${quoted(name)} in its directory`);
    }
    if ((central.mode & 0o170000) === 0o120000) {
      this.#fault("zip-symlink", `holds a symbolic link ${quoted(name)}`);
    }
    let local;
    try {
      local = localHeader(this.#source, central.offset + shift);
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      return this.#fault("zip-cut", `lists ${quoted(name)}, which ${error.message}`);
    }
    this.#compare(name, central, local);
    const { data } = local;
    const end = data + central.compressed;
    if (!(end <= this.#source.size)) {
      this.#fault("zip-cut", `holds ${quoted(name)}, which ends beyond the file`);
    }
    this.#known.push([central.offset + shift, Math.min(end, this.#source.size)]);
    const { compressed, uncompressed } = central;
    for (const method of new Set([central.method, local.method])) {
      this.#entries.push({ name, method, data, compressed, uncompressed });
    }
  }

  /** Readers that go by the one header, and readers that go by the other, must see the same. */
  #compare(name: string, central: ZipHeader, local: ZipHeader): void {
    if (!central.name.equals(local.name)) {
      const other = nameText(local.name);
      this.#names.add(other);
      this.#fault("zip-two-names", `calls an entry ${quoted(name)} and ${quoted(other)}`);
    }
    if (central.method !== local.method) {
      this.#fault("zip-two-methods", `has two ways of unpacking ${quoted(name)}`);
    }
    // With bit 3, the sizes follow the data, and the local header has none.
    const deferred = ((central.flags | local.flags) & 8) !== 0;
    for (const size of ["compressed", "uncompressed"] as const) {
      if (central[size] === local[size]) continue;
      if (deferred && (local[size] === 0 || local[size] === 0xffffffff)) continue;
      this.#fault("zip-two-sizes", `has two sizes for ${quoted(name)}`);
      break;
    }
    if (central.method === 0 && central.compressed !== central.uncompressed) {
      this.#fault("zip-two-sizes", `stores ${quoted(name)} with two sizes`);
    }
    if (((central.flags | local.flags) & 0x2041) !== 0) {
      this.#fault("zip-encrypted", `says that ${quoted(name)} is encrypted`);
    }
  }

  /** What lies between the entries: a descriptor, or padding, or what some reader may find. */
  #findGaps(end: number): void {
    const parts = this.#known.toSorted(([a], [b]) => a - b);
    let at = 0;
    let gaps = 0;
    let overlap = false;
    for (const [from, to] of [...parts, [end, end] as const]) {
      if (from > at && gaps < MAX_GAPS && this.#hides(at, from)) {
        gaps += 1;
        this.#readGap(at, from);
      }
      if (from < at && to > from && from < end) overlap = true;
      at = Math.max(at, to);
    }
    if (overlap) this.#fault("zip-overlap", "holds entries that lie within each other");
    if (gaps >= MAX_GAPS) this.#fault("limit", `has more than ${MAX_GAPS} gaps between entries`);
  }

  #hides(from: number, to: number): boolean {
    const length = to - from;
    const head = this.#source.read(from, Math.min(length, 24));
    if ([12, 16, 20, 24].includes(length)) {
      const skip = head.readUInt32LE(0) === 0x08074b50 ? 4 : 0;
      if (length - skip === 12 || length - skip === 20) return false;
    }
    for (let at = from; at < to; at += PAD) {
      if (this.#source.read(at, Math.min(PAD, to - at)).some((byte) => byte !== 0)) return true;
    }
    return false;
  }

  #readGap(from: number, to: number): void {
    const where = from === 0 ? "before its first entry" : "between its entries";
    let at = from;
    // The first may lie behind a descriptor.
    const head = this.#source
      .read(from, Math.min(to - from, 28))
      .indexOf("PK\x03\x04", 0, "latin1");
    if (head > 0) at += head;
    while (at < to && startsWith(this.#source, 0x04034b50, at)) {
      const next = this.#readLocal(at, to);
      if (next === undefined) break;
      at = next;
    }
    if (at > from) return;
    const length = to - from;
    this.#fault(from === 0 ? "zip-prefix" : "zip-hidden-bytes", `has ${length} bytes ${where}`);
    if (from === 0) return;
    this.#entries.push({
      name: `(bytes at ${from})`,
      method: 0,
      data: from,
      compressed: length,
      uncompressed: length,
    });
  }

  /** An entry that no directory lists; where the next part may begin. */
  #readLocal(at: number, to: number): number | undefined {
    let local;
    try {
      local = localHeader(this.#source, at);
    } catch (error) {
      if (error instanceof BadRecord) return undefined;
      throw error;
    }
    if (this.#entries.length >= MAX_ENTRIES) return undefined;
    const name = nameText(local.name);
    this.#names.add(name);
    this.#fault("zip-hidden-entry", `holds ${quoted(name)}, which its directory does not list`);
    const known = local.compressed > 0 && (local.flags & 8) === 0;
    const compressed = known ? local.compressed : Math.max(0, to - local.data);
    const { method, data } = local;
    this.#entries.push({ name, method, data, compressed, uncompressed: undefined });
    if (known) return data + compressed;
    // Its end is not told: the next header's place has to be looked for.
    return this.#find(Buffer.from("PK\x03\x04", "latin1"), data, to);
  }

  #find(wanted: Buffer, from: number, to: number): number | undefined {
    for (let at = from; at < to; at += BLOCK - 3) {
      const found = this.#source.read(at, Math.min(BLOCK, to - at)).indexOf(wanted);
      if (found >= 0) return at + found;
    }
    return undefined;
  }

  #lookBehind(directories: readonly ZipDirectory[]): void {
    const end = Math.max(0, ...directories.map((each) => each.end));
    if (end === 0) return;
    const comment = this.#source.read(end + 20, 2).readUInt16LE(0);
    const behind = this.#source.size - (end + 22 + comment);
    if (behind === 0) return;
    const what = behind > 0 ? `has ${behind} bytes behind its end` : "ends within its comment";
    this.#fault("zip-suffix", what);
  }

  async #judge(entry: Entry, kind: ZipKind): Promise<void> {
    const { name, method, data, compressed, uncompressed } = entry;
    const key = `${data} ${compressed} ${method}`;
    if (this.#judged.has(key)) return;
    this.#judged.add(key);
    const bytes = sliceSource(this.#source, data, compressed);
    const raw = isRawEntry(kind, name);
    if (method === 0) return this.#examination.descend(name, bytes, { raw });
    if (method !== 8) {
      return this.#fault("zip-method", `packs ${quoted(name)} by method ${method}`);
    }
    let taken = bytes.size;
    const decoder = decodeWith(bytes, createInflateRaw(), (count) => {
      taken = count;
    });
    await this.#examination.decoded(decoder, async (decoded) => {
      if (uncompressed !== undefined && decoded.size !== uncompressed) {
        this.#fault("zip-two-sizes", `unpacks ${quoted(name)} to another size than it says`);
      }
      if (uncompressed !== undefined && taken < bytes.size) {
        this.#fault("zip-hidden-bytes", `has bytes behind the packed data of ${quoted(name)}`);
      }
      await this.#examination.descend(name, decoded, { raw });
    });
  }

  #fault(rule: string, message: string): void {
    this.#examination.report({ verdict: "unscannable", rule, message });
  }
}

function startsWith(source: ByteSource, signature: number, at = 0): boolean {
  return source.size >= at + 4 && source.read(at, 4).readUInt32LE(0) === signature;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

const MAX_ENTRIES = 100_000;
const MAX_GAPS = 100;
const PAD = 4096;
const BLOCK = 256 * 1024;
