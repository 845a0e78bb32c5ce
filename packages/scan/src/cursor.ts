import type { ByteSource } from "./source.ts";

/** Thrown where a source ends within a value, or a value is longer than is kept. */
export class Cut extends Error {}

/** A source read forward through one window. Numbers are little-endian. */
export class Cursor {
  readonly #source: ByteSource;
  readonly #end: number;
  #window: Buffer = Buffer.alloc(0);
  #base = 0;
  #length = 64;
  at: number;

  constructor(source: ByteSource, at = 0, end: number = source.size) {
    this.#source = source;
    this.#end = Math.min(end, source.size);
    this.at = at;
    this.#base = at;
  }

  get left(): number {
    return this.#end - this.at;
  }

  /** The next byte, -1 at the end, without taking it. */
  peek(): number {
    if (this.at >= this.#end) return -1;
    this.#have(1);
    return this.#window[this.at - this.#base] ?? -1;
  }

  u8(): number {
    const from = this.#have(1);
    this.at += 1;
    return this.#window[from] ?? 0;
  }

  u32(): number {
    const from = this.#have(4);
    this.at += 4;
    return this.#window.readUInt32LE(from);
  }

  /** As a number; one beyond 2^53 is larger than any file. */
  u64(): number {
    const from = this.#have(8);
    this.at += 8;
    return this.#window.readUInt32LE(from) + this.#window.readUInt32LE(from + 4) * 2 ** 32;
  }

  /** @throws Cut where they are more than `most`. */
  bytes(length: number, most: number): Buffer {
    if (length > most) throw new Cut(`holds a value of ${length} bytes`);
    if (length > this.left) throw new Cut("ends within a value");
    const taken = Buffer.from(this.#source.read(this.at, length));
    this.at += length;
    return taken;
  }

  skip(length: number): void {
    if (!(length <= this.left)) throw new Cut("ends within a value");
    this.at += length;
  }

  /** What of the window is left, at least one byte unless the source is at its end. */
  ahead(): Buffer {
    if (this.at >= this.#end) return this.#window.subarray(0, 0);
    const from = this.#have(1);
    return this.#window.subarray(from);
  }

  /** The next `length` bytes are in the window; where they begin in it. */
  #have(length: number): number {
    const from = this.at - this.#base;
    if (from >= 0 && from + length <= this.#window.length) return from;
    if (length > this.left) throw new Cut("ends within a value");
    // Many a message is short: the window grows as it is used.
    this.#length = Math.min(WINDOW, this.#length * 4);
    const wanted = Math.min(Math.max(this.#length, length), this.left);
    this.#window = Buffer.from(this.#source.read(this.at, wanted));
    this.#base = this.at;
    return 0;
  }
}

const WINDOW = 64 * 1024;
