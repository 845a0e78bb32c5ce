import type { ByteSource } from "../source.ts";

/** Thrown where a stream breaks a rule; what was seen before it stays seen, for it has run. */
export class Broken extends Error {}

/** A source read forward through one window that is filled anew where it ends. */
export class Window {
  readonly size: number;
  /** Of the window's first byte, in the source. */
  base: number;
  /** The next byte to be read is `bytes[next]`, and the window ends at `limit`. */
  next = 0;
  limit = 0;
  bytes: Buffer = Buffer.alloc(0);
  /** Bytes that were looked through for the ends of lines. */
  searched = 0;
  readonly #source: ByteSource;
  #width = 1024;

  constructor(source: ByteSource, at: number) {
    this.#source = source;
    this.size = source.size;
    this.base = at;
  }

  get at(): number {
    return this.base + this.next;
  }

  byte(): number {
    if (this.next >= this.limit) this.fill(1);
    return this.bytes[this.next++] ?? 0;
  }

  uint16(): number {
    const at = this.#here(2);
    return this.bytes.readUInt16LE(at);
  }

  int32(): number {
    const at = this.#here(4);
    return this.bytes.readInt32LE(at);
  }

  uint32(): number {
    const at = this.#here(4);
    return this.bytes.readUInt32LE(at);
  }

  /** A length of eight bytes; beyond what any file holds it is about right. */
  length(): number {
    const high = this.#later(4);
    const low = this.uint32();
    this.next += 4;
    return high * 2 ** 32 + low;
  }

  /** A length of four bytes with a sign. */
  signedLength(): number {
    const length = this.int32();
    if (length < 0) throw new Broken("holds a negative length");
    return length;
  }

  take(length: number): Buffer {
    const at = this.#here(length);
    return this.bytes.subarray(at, at + length);
  }

  /** The byte `ahead` of the next one, or -1 behind the end. */
  peek(ahead: number): number {
    if (this.next + ahead < this.limit) return this.bytes[this.next + ahead] ?? -1;
    const at = this.at + ahead;
    return at < this.size ? (this.#source.read(at, 1)[0] ?? -1) : -1;
  }

  skip(length: number): void {
    if (this.next + length <= this.limit) {
      this.next += length;
      return;
    }
    if (length > this.size - this.at) throw new Broken("ends within a value");
    this.moveTo(this.at + length);
  }

  moveTo(at: number): void {
    this.base = at;
    this.next = 0;
    this.limit = 0;
  }

  /** A line of a few digits, or -1 where it is anything else, or not wholly in the window. */
  digits(): number {
    const { bytes, next } = this;
    const limit = Math.min(this.limit, next + 14);
    let value = 0;
    for (let at = next; at < limit; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === 10 && at > next) {
        this.next = at + 1;
        return value;
      }
      if (byte < 0x30 || byte > 0x39) return -1;
      value = value * 10 + byte - 0x30;
    }
    return -1;
  }

  /** A line without its newline; it lives until the next call. @throws Broken beyond `longest`. */
  line(longest: number): Buffer {
    let end = this.#newline();
    if (end < 0) {
      this.fill(Math.min(longest + 1, this.size - this.at));
      end = this.#newline();
    }
    if (end < 0) {
      const cut = this.limit - this.next <= longest;
      throw new Broken(cut ? "ends within a line" : "holds a name or number that is too long");
    }
    const line = this.bytes.subarray(this.next, end);
    if (line.length > longest) throw new Broken("holds a name or number that is too long");
    this.next = end + 1;
    return line;
  }

  /** What is left of a line that the source's end cuts, but for its last byte. */
  cutLine(longest: number): Buffer | undefined {
    if (this.#newline() >= 0) return undefined;
    const left = this.size - this.at;
    if (left > longest) return undefined;
    this.fill(left);
    if (this.#newline() >= 0) return undefined;
    return this.bytes.subarray(0, Math.max(0, left - 1));
  }

  /** The rest of a line of any length; says how long it was. */
  skipLine(): number {
    const from = this.at;
    for (;;) {
      const end = this.#newline();
      if (end >= 0) {
        this.next = end + 1;
        this.searched += this.at - from;
        return this.at - from - 1;
      }
      this.searched += this.limit - this.next;
      this.moveTo(this.base + this.limit);
      if (this.base >= this.size) throw new Broken("ends within a line");
      this.fill(1);
    }
  }

  /** Makes `wanted` bytes readable from `next` on. */
  fill(wanted: number): void {
    const at = this.at;
    if (wanted > this.size - at) throw new Broken("ends too early");
    const length = Math.min(Math.max(wanted, this.#width), this.size - at);
    // Most streams within others are short.
    this.#width = WINDOW;
    if (this.bytes.length < length) this.bytes = Buffer.allocUnsafeSlow(length);
    this.#source.read(at, length).copy(this.bytes);
    this.base = at;
    this.next = 0;
    this.limit = length;
  }

  #newline(): number {
    const { bytes, limit, next } = this;
    const near = Math.min(limit, next + 48);
    for (let at = next; at < near; at++) if (bytes[at] === 10) return at;
    if (near === limit) return -1;
    const end = bytes.indexOf(10, near);
    return end < limit ? end : -1;
  }

  #here(length: number): number {
    if (this.next + length > this.limit) this.fill(length);
    const at = this.next;
    this.next = at + length;
    return at;
  }

  #later(ahead: number): number {
    if (this.next + ahead + 4 > this.limit) this.fill(ahead + 4);
    return this.bytes.readUInt32LE(this.next + ahead);
  }
}

const WINDOW = 256 * 1024;
