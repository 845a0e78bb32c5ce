import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { MlsignError, messageOf, printable } from "@mlsign/core";
import { type Entry, fromFd, type ZipFile } from "yauzl";

export interface WheelLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export interface ZippedFile {
  readonly name: string;
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** The bytes of what was asked to be kept. */
  readonly bytes?: Buffer;
}

/** More than any wheel on PyPI; far from what would exhaust a disk's patience. */
const WHEEL_LIMITS: WheelLimits = { maxFiles: 200_000, maxBytes: 16 * 1024 ** 3 };

/**
 * Hashes every file of an open zip archive, one at a time with flat memory. Whatever two readers
 * could see in two ways is refused: names that escape, repeat or differ from their local header,
 * links, encryption, sizes that lie, and entries that share bytes.
 *
 * @throws MlsignError `archive-invalid`, `limit-exceeded`
 */
export async function hashZip(
  descriptor: number,
  size: number,
  options: { keep: (name: string) => boolean; limits?: WheelLimits },
): Promise<ReadonlyMap<string, ZippedFile>> {
  try {
    const zip = await open(descriptor);
    const entries = await list(zip, options.limits ?? WHEEL_LIMITS);
    checkEntries(entries, size, options.limits ?? WHEEL_LIMITS);
    const files = new Map<string, ZippedFile>();
    for (const entry of entries) {
      if (!entry.fileName.endsWith("/")) {
        files.set(entry.fileName, await hashEntry(zip, entry, options.keep(entry.fileName)));
      }
    }
    return files;
  } catch (error) {
    if (error instanceof MlsignError) throw error;
    throw invalid(messageOf(error), error);
  }
}

function open(descriptor: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const settings = {
      autoClose: false,
      lazyEntries: true,
      strictFileNames: true,
      validateEntrySizes: true,
    };
    fromFd(descriptor, settings, (error, zip) => (error ? reject(error) : resolve(zip)));
  });
}

function list(zip: ZipFile, limits: WheelLimits): Promise<Entry[]> {
  if (zip.entryCount > limits.maxFiles) throw exceeded(`more than ${limits.maxFiles} files`);
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on("error", reject);
    zip.on("end", () => resolve(entries));
    zip.on("entry", (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function checkEntries(entries: readonly Entry[], size: number, limits: WheelLimits): void {
  const names = new Set<string>();
  let unpacked = 0;
  for (const entry of entries) {
    const name = entry.fileName;
    if (names.has(name)) throw invalid(`"${printable(name)}" is there twice`);
    names.add(name);
    if (isLink(entry)) throw invalid(`"${printable(name)}" is a link or a special file`);
    if (entry.isEncrypted()) throw invalid(`"${printable(name)}" is encrypted`);
    unpacked += entry.uncompressedSize;
  }
  if (unpacked > limits.maxBytes) throw exceeded(`${unpacked} bytes unpacked`);
  checkOverlap(entries, size);
}

/** Entries that overlap are how a small archive unpacks to petabytes. */
function checkOverlap(entries: readonly Entry[], size: number): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => offsetOf(a) - offsetOf(b))) {
    if (offsetOf(entry) < end) throw invalid("its entries share bytes");
    end = offsetOf(entry) + LOCAL_HEADER + entry.fileNameLength + entry.compressedSize;
  }
  if (end > size) throw invalid("its entries reach beyond its end");
}

function offsetOf(entry: Entry): number {
  return entry.relativeOffsetOfLocalHeader;
}

async function hashEntry(zip: ZipFile, entry: Entry, keep: boolean): Promise<ZippedFile> {
  await checkLocalHeader(zip, entry);
  const hash = createHash("sha256");
  const chunks: Buffer[] = [];
  const kept = keep && entry.uncompressedSize <= MAX_KEPT;
  for await (const chunk of await stream(zip, entry)) {
    hash.update(chunk as Buffer);
    if (kept) chunks.push(chunk as Buffer);
  }
  const file = { name: entry.fileName, size: entry.uncompressedSize, sha256: hash.digest("hex") };
  return kept ? { ...file, bytes: Buffer.concat(chunks) } : file;
}

/** Python refuses an entry whose two names differ; others take either. */
function checkLocalHeader(zip: ZipFile, entry: Entry): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, {}, (error, header) => {
      if (error) reject(error);
      else if (!header.fileName.equals(entry.fileNameRaw)) {
        reject(invalid(`"${printable(entry.fileName)}" has another name in its local header`));
      } else resolve();
    });
  });
}

function stream(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, readable) => (error ? reject(error) : resolve(readable)));
  });
}

/** Unix modes stand in the upper half; a wheel made on Windows has none. */
function isLink(entry: Entry): boolean {
  const type = (entry.externalFileAttributes >>> 16) & 0o170000;
  return type !== 0 && type !== 0o100000 && type !== 0o040000;
}

function invalid(what: string, cause?: unknown): MlsignError {
  return new MlsignError("archive-invalid", `Cannot read the wheel: ${printable(what)}`, { cause });
}

function exceeded(what: string): MlsignError {
  return new MlsignError("limit-exceeded", `Cannot read the wheel: ${what}`);
}

/** Its fixed part. */
const LOCAL_HEADER = 30;
const MAX_KEPT = 16 * 1024 * 1024;
