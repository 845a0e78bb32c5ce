import { Broken } from "./window.ts";

/**
 * A value is one number, `tag * SPAN + payload`: neither stack nor memo holds an object, and a text
 * is the place of its opcode.
 */
export const SPAN: number = 2 ** 48;

export function tagOf(value: number): number {
  return Math.floor(value / SPAN);
}

export function payloadOf(value: number): number {
  return value - Math.floor(value / SPAN) * SPAN;
}

/** What a pickle remembers, by key, in pieces: a table that grows is never copied whole. */
export class Memo {
  size = 0;
  readonly #most: number;
  readonly #pieces: (Float64Array | undefined)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  put(key: number, value: number): void {
    // Picklers count: a key far beyond what is there would make a table of nothing.
    if (key > this.size * 4 + 65_536) throw new Broken("scatters what it remembers");
    const at = key >>> PIECE_BITS;
    let piece = this.#pieces[at];
    if (piece === undefined) {
      piece = new Float64Array(at === 0 && key < 256 ? 256 : PIECE).fill(NaN);
      this.#pieces[at] = piece;
    }
    const place = key & (PIECE - 1);
    if (place >= piece.length) {
      const whole = new Float64Array(PIECE).fill(NaN);
      whole.set(piece);
      this.#pieces[at] = whole;
      piece = whole;
    }
    const before = piece[place] ?? NaN;
    if (before !== before && ++this.size > this.#most) throw new Broken("remembers too much");
    piece[place] = value;
  }

  get(key: number): number {
    const value = this.#pieces[key >>> PIECE_BITS]?.[key & (PIECE - 1)] ?? NaN;
    if (value !== value) throw new Broken("recalls what it never remembered");
    return value;
  }
}

/** The newest values that tuples were made of, in a ring: an old one is lost, and counts as unknown. */
export class Ring {
  #written = 0;
  #values: Float64Array = NONE;

  /** The payload that finds the values again. */
  keep(values: Float64Array, from: number, to: number): number {
    const length = to - from;
    if (length > LONGEST) return UNKNOWN;
    if (this.#values === NONE) this.#values = new Float64Array(RING);
    const at = this.#written;
    for (let i = 0; i < length; i++) this.#values[(at + i) % RING] = values[from + i] ?? 0;
    this.#written = at + length;
    return at * 64 + length;
  }

  /** How many values are still there. */
  length(payload: number): number {
    const length = payload % 64;
    return length === UNKNOWN || this.#written - Math.floor(payload / 64) > RING ? 0 : length;
  }

  value(payload: number, index: number): number {
    return this.#values[(Math.floor(payload / 64) + index) % RING] ?? 0;
  }

  recall(payload: number): readonly number[] | undefined {
    const length = payload % 64;
    const at = Math.floor(payload / 64);
    if (length === UNKNOWN || this.#written - at > RING) return undefined;
    return Array.from({ length }, (_, i) => this.#values[(at + i) % RING] ?? 0);
  }
}

const PIECE_BITS = 16;
const PIECE = 1 << PIECE_BITS;
const RING = 4096;
const LONGEST = 32;
const NONE = new Float64Array(0);
const UNKNOWN = 63;
