import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { MlsignError, printable, systemCode } from "@mlsign/core";

/** A tar's bytes in order, whether compressed or not. One piece is in memory at a time. */
export interface TarBytes {
  /** The next bytes, at most `max` of them; undefined at the end. */
  next(max: number): Promise<Buffer | undefined>;
  /** Passes over bytes; stops at the end if there are fewer. */
  skip(count: number): Promise<void>;
  /** Lets go of what reading needs, but for the file. */
  close(): void;
}

/** An archive file, held open. */
export class ArchiveFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #stamp: string;

  /** @throws MlsignError `file-unreadable`, `archive-invalid` for what is no regular file */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, OPEN_FLAGS);
    } catch (cause) {
      const what = `Cannot open the archive "${printable(path)}": ${systemCode(cause)}`;
      throw new MlsignError("file-unreadable", what, { cause });
    }
    this.#stamp = this.stamp();
  }

  /** What tells this state of the file from another. */
  stamp(): string {
    const stats = fstatSync(this.#fd, { bigint: true });
    if (!stats.isFile()) throw archiveInvalid("it is not a regular file");
    return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
  }

  /** @throws MlsignError `file-changed-while-hashing` where the file is not as it was. */
  checkUnchanged(stamp: string = this.#stamp): void {
    if (this.stamp() === stamp) return;
    throw new MlsignError(
      "file-changed-while-hashing",
      `Cannot read the archive "${printable(this.#path)}": it changed while it was read`,
    );
  }

  bytes(): TarBytes {
    const magic = Buffer.alloc(2);
    readSync(this.#fd, magic, 0, 2, 0);
    return magic.equals(GZIP) ? new GzipBytes(this.#fd) : new PlainBytes(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function archiveInvalid(what: string, cause?: unknown): MlsignError {
  return new MlsignError("archive-invalid", `Cannot read the archive: ${what}`, { cause });
}

class PlainBytes implements TarBytes {
  readonly #fd: number;
  readonly #buffer: Buffer = Buffer.from(new ArrayBuffer(CHUNK_BYTES));
  #at = 0;
  #pauseAt = PAUSE_BYTES;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async next(max: number): Promise<Buffer | undefined> {
    // Everything here is synchronous: let signals and progress through now and then.
    if (this.#at >= this.#pauseAt) {
      this.#pauseAt = this.#at + PAUSE_BYTES;
      await nextTurn();
    }
    const length = readSync(this.#fd, this.#buffer, 0, Math.min(max, CHUNK_BYTES), this.#at);
    this.#at += length;
    return length === 0 ? undefined : this.#buffer.subarray(0, length);
  }

  async skip(count: number): Promise<void> {
    this.#at += count;
  }

  close(): void {}
}

class GzipBytes implements TarBytes {
  readonly #fd: number;
  readonly #gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(fd: number) {
    this.#fd = fd;
    // Not a stream of `fs`: that would close the descriptor, which is not its own.
    const file = Readable.from(readAll(fd), { objectMode: false });
    // A failure reaches the iterator below through the destroyed stream.
    pipeline(file, this.#gunzip, () => {});
    this.#chunks = this.#gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async next(max: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0) {
      const chunk = await this.#more();
      if (chunk === undefined) return undefined;
      this.#rest = chunk;
    }
    const piece = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const piece = await this.next(left);
      if (piece === undefined) return;
      left -= piece.length;
    }
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #more(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done !== true) return value;
    } catch (cause) {
      if (systemCode(cause)?.startsWith("Z_") !== true) throw cause;
      throw archiveInvalid(`its compression is damaged (${systemCode(cause)})`, cause);
    }
    this.#checkTail();
    return undefined;
  }

  /** zlib stops at a zero byte after the last member, whatever comes then: only padding may. */
  #checkTail(): void {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let at = this.#gunzip.bytesWritten; ;) {
      const length = readSync(this.#fd, buffer, 0, CHUNK_BYTES, at);
      if (length === 0) return;
      if (!isZero(buffer.subarray(0, length)))
        throw archiveInvalid("data after its compressed part");
      at += length;
    }
  }
}

function* readAll(fd: number): Generator<Buffer, void> {
  for (let at = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    if (length === 0) return;
    at += length;
    yield chunk.subarray(0, length);
  }
}

export function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.length));
}

const GZIP = Buffer.from([0x1f, 0x8b]);
const CHUNK_BYTES = 256 * 1024;
const PAUSE_BYTES = 8 * 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK_BYTES);
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
