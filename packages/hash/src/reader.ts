import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { createHashers, type Digests, type Hasher } from "./algorithms.ts";
import { Copy } from "./copy.ts";
import { finish } from "./digester.ts";
import { changed, Fault } from "./fault.ts";
import { type Algorithms, isPart, type Unit, type UnitResult } from "./unit.ts";

/** Reads files with one buffer and hashes what it read. One a thread. */
export class Reader {
  readonly #file: readonly Hasher[];
  readonly #range: readonly Hasher[];
  readonly #buffer: Buffer = Buffer.from(new ArrayBuffer(BUFFER_BYTES));
  /** Bytes read since the last pause. */
  #since = 0;
  /** The job being read: whose fault a fault is. */
  job = -1;

  private constructor(file: readonly Hasher[], range: readonly Hasher[]) {
    this.#file = file;
    this.#range = range;
  }

  static async create(algorithms: Algorithms): Promise<Reader> {
    return new Reader(await createHashers(algorithms.file), await createHashers(algorithms.range));
  }

  /** Hashes the units one after the other; pauses now and then, saying how many bytes it has read. */
  *read(units: readonly Unit[], done: (result: UnitResult) => void): Generator<number, void> {
    for (const unit of units) {
      this.job = unit.job;
      const fd = openChecked(unit);
      try {
        done(yield* this.#hash(fd, unit));
      } finally {
        closeSync(fd);
      }
      if (this.#since >= PAUSE_BYTES) yield this.#pause();
    }
    yield this.#pause();
  }

  *#hash(fd: number, unit: Unit): Generator<number, UnitResult> {
    const { job, firstRange } = unit;
    const before = fstatSync(fd, BIGINT);
    checkFile(before, unit);
    const small = unit.size < BUFFER_BYTES && unit.ends === undefined && unit.copyTo === undefined;
    const ranges: Digests[] = [];
    const digests = small ? this.#whole(fd, unit.size) : yield* this.#pieces(fd, unit, ranges);
    const after = fstatSync(fd, BIGINT);
    if (!sameFile(before, after)) throw changed("it was written to while it was read");
    const stamp = isPart(unit) ? stampOf(after) : undefined;
    return { job, firstRange, digests, ranges, stamp };
  }

  /** A file that fits in the buffer, in one read: the way of nearly every file of a large tree. */
  #whole(fd: number, size: number): Digests {
    // One byte more is asked for than should be there, so that growth shows without a second read.
    let length = readSync(fd, this.#buffer, 0, size + 1, 0);
    while (length < size) {
      const more = readSync(fd, this.#buffer, length, size + 1 - length, length);
      if (more === 0) throw changed(`it ended after ${length} bytes, wanted ${size}`);
      length += more;
    }
    if (length > size) throw changed(`it is longer than ${size} bytes`);
    this.#since += length;
    const bytes = this.#buffer.subarray(0, size);
    const digests: { -readonly [A in keyof Digests]: Digests[A] } = {};
    for (const hasher of this.#file) digests[hasher.algorithm] = hasher.once(bytes);
    return digests;
  }

  *#pieces(fd: number, unit: Unit, ranges: Digests[]): Generator<number, Digests> {
    const copy = unit.copyTo === undefined ? undefined : new Copy(unit.copyTo);
    try {
      let at = unit.start;
      for (const end of unit.ends ?? [unit.size]) {
        while (at < end) {
          const bytes = this.#piece(fd, at, end);
          at += bytes.length;
          for (const hasher of this.#file) hasher.update(bytes);
          if (unit.ends !== undefined) for (const hasher of this.#range) hasher.update(bytes);
          copy?.write(bytes);
          if (this.#since >= PAUSE_BYTES) yield this.#pause();
        }
        if (unit.ends !== undefined) ranges.push(finish(this.#range));
      }
      if (at === unit.size && readSync(fd, this.#buffer, 0, 1, at) > 0) {
        throw changed(`it is longer than ${unit.size} bytes`);
      }
      copy?.finish();
    } catch (error) {
      copy?.discard();
      throw error;
    }
    return finish(this.#file);
  }

  #piece(fd: number, at: number, end: number): Buffer {
    const length = readSync(fd, this.#buffer, 0, Math.min(BUFFER_BYTES, end - at), at);
    if (length === 0) throw changed(`it ended after ${at} bytes`);
    this.#since += length;
    return this.#buffer.subarray(0, length);
  }

  #pause(): number {
    const read = this.#since;
    this.#since = 0;
    return read;
  }
}

function openChecked(unit: Unit): number {
  try {
    return openSync(unit.path, OPEN_FLAGS);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (GONE.has(code)) throw changed(`it was a file when listed, and is gone (${code})`);
    throw new Fault("file-unreadable", `cannot open it (${code || String(error)})`);
  }
}

function checkFile(stats: BigIntStats, unit: Unit): void {
  if (!stats.isFile()) throw changed("it was a file when listed, and is none now");
  if (stats.size !== BigInt(unit.size)) {
    throw changed(`it has ${stats.size} bytes, had ${unit.size} when listed`);
  }
  const replaced =
    (unit.ino !== undefined && stats.ino !== unit.ino) ||
    (unit.dev !== undefined && stats.dev !== unit.dev);
  if (replaced) throw changed("another file is in its place");
}

function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}

function stampOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

// A quarter MiB stays in the second-level cache between the read and the hash: a third faster
// than 1 MiB on the machine that this was measured on.
const BUFFER_BYTES = 256 * 1024;
// Some two milliseconds: as long as a worker may have to wait for its next batch.
const PAUSE_BYTES = 2 * 1024 * 1024;
const BIGINT = { bigint: true } as const;
// No link is followed, and a FIFO put in the file's place cannot make the open hang. Windows has
// neither flag.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ESTALE"]);
