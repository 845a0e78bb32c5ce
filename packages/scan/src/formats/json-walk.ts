import { Cut, Cursor } from "../cursor.ts";
import type { ByteSource } from "../source.ts";

/** An object of a document that is being walked, with those of its keys that the visitor wants. */
export interface JsonFrame {
  /** The key that it stands under, also through lists. */
  readonly key: string | undefined;
  readonly keys: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
}

/** A text of a document. */
export interface JsonText {
  readonly value: string;
  /** The key that it stands under, also through lists. */
  readonly key: string | undefined;
  /** The key that the object with that key stands under. */
  readonly parent: string | undefined;
  /** Whether it is longer than what was kept. */
  readonly cut: boolean;
}

export interface JsonVisitor {
  /** The keys that its frames have; a document may hold any number of others. */
  readonly keys: ReadonlySet<string>;
  text(text: JsonText): void;
  /** An object at its end. */
  object(frame: JsonFrame): void;
}

interface Frame extends JsonFrame {
  readonly list: boolean;
  readonly keys: Set<string>;
  readonly texts: Map<string, string>;
  /** Of the value that comes next. */
  current: string | undefined;
}

/**
 * Walks one JSON value from a place, as Python's reader takes it (that knows NaN and Infinity, too),
 * and keeps a bounded part of it. Where it ends, or where it turns out to be no JSON; `limit` where
 * it goes deeper than is followed.
 */
export function walkJson(
  source: ByteSource,
  start: number,
  visitor: JsonVisitor,
): { readonly end: number; readonly whole: boolean; readonly limit: boolean } {
  const walk = new Walk(new Cursor(source, start), visitor);
  try {
    walk.run();
    return { end: walk.at, whole: true, limit: false };
  } catch (error) {
    if (error instanceof Cut || error instanceof NoJson) {
      return { end: walk.at, whole: false, limit: error instanceof TooMuch };
    }
    throw error;
  }
}

class NoJson extends Error {}
class TooMuch extends NoJson {}

class Walk {
  readonly #in: Cursor;
  readonly #visitor: JsonVisitor;
  readonly #frames: Frame[] = [];

  constructor(input: Cursor, visitor: JsonVisitor) {
    this.#in = input;
    this.#visitor = visitor;
  }

  get at(): number {
    return this.#in.at;
  }

  run(): void {
    do {
      this.#step();
    } while (this.#frames.length > 0);
  }

  /** One value or the end of one, with the key before it and the comma behind. */
  #step(): void {
    const frame = this.#frames.at(-1);
    const first = this.#space();
    if (frame !== undefined && first === (frame.list ? 0x5d : 0x7d)) {
      this.#in.u8();
      this.#close(frame);
      return this.#behind();
    }
    if (frame !== undefined && !frame.list) this.#key(frame);
    const code = this.#space();
    if (code === 0x7b || code === 0x5b) {
      this.#in.u8();
      if (this.#frames.length >= MAX_DEPTH) throw new TooMuch();
      const list = code === 0x5b;
      const key = frame?.current;
      // A list hands its own key on.
      this.#frames.push({
        list,
        key,
        keys: new Set(),
        texts: new Map(),
        current: list ? key : undefined,
      });
      return;
    }
    if (code === 0x22) {
      const { text, cut } = this.#string();
      const key = frame?.current;
      if (frame !== undefined && !frame.list && key !== undefined && this.#visitor.keys.has(key)) {
        frame.texts.set(key, text.slice(0, MAX_KEPT));
      }
      this.#visitor.text({ value: text, key, parent: frame?.key, cut });
    } else this.#scalar();
    this.#behind();
  }

  #close(frame: Frame): void {
    this.#frames.pop();
    if (!frame.list) this.#visitor.object(frame);
  }

  /** Python's reader takes no comma before an end; one that does is not refused here. */
  #behind(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    const next = this.#space();
    if (next === 0x2c) this.#in.u8();
    else if (next !== (frame.list ? 0x5d : 0x7d)) throw new NoJson();
  }

  #key(frame: Frame): void {
    if (this.#space() !== 0x22) throw new NoJson();
    const { text } = this.#string();
    if (this.#space() !== 0x3a) throw new NoJson();
    this.#in.u8();
    frame.current = text;
    if (this.#visitor.keys.has(text)) frame.keys.add(text);
  }

  #string(): { text: string; cut: boolean } {
    this.#in.u8();
    const parts: Buffer[] = [];
    let kept = 0;
    let cut = false;
    for (let escaped = false; ;) {
      const ahead = this.#in.ahead();
      if (ahead.length === 0) throw new Cut("ends within a text");
      let end = 0;
      for (; end < ahead.length; end += 1) {
        const byte = ahead[end] ?? 0;
        if (escaped) escaped = false;
        else if (byte === 0x5c) escaped = true;
        else if (byte === 0x22) break;
        // Python's reader refuses these, unless it is told otherwise.
        else if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) throw new NoJson();
      }
      const whole = end < ahead.length;
      this.#in.skip(whole ? end + 1 : end);
      // The window lives until more is read from it.
      if (whole && parts.length === 0) return { text: unescaped(ahead, end), cut: false };
      if (kept < MAX_TEXT) {
        parts.push(Buffer.from(ahead.subarray(0, end)));
        kept += end;
      } else cut ||= end > 0;
      if (whole) break;
    }
    const all = Buffer.concat(parts);
    return { text: unescaped(all, all.length), cut };
  }

  #scalar(): void {
    let text = "";
    for (;;) {
      const ahead = this.#in.ahead();
      let at = 0;
      while (at < ahead.length && SCALAR_BYTES[ahead[at] ?? 0] === 1) at += 1;
      text += ahead.toString("latin1", 0, at);
      this.#in.skip(at);
      if (text.length > MAX_KEPT) throw new TooMuch();
      if (at < ahead.length || ahead.length === 0) break;
    }
    if (!SCALAR.test(text)) throw new NoJson();
  }

  /** The next byte that is no space, -1 at the end. */
  #space(): number {
    const next = this.#in.peek();
    if (next > 0x20) return next;
    for (;;) {
      const ahead = this.#in.ahead();
      let at = 0;
      for (; at < ahead.length; at += 1) {
        const code = ahead[at] ?? 0;
        if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
      }
      this.#in.skip(at);
      if (at < ahead.length) return ahead[at] ?? 0;
      if (ahead.length === 0) return -1;
    }
  }
}

function unescaped(bytes: Buffer, end: number): string {
  const raw = bytes.toString("utf8", 0, end);
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (all, it: string) => {
    if (it.length === 5) return String.fromCharCode(Number.parseInt(it.slice(1), 16));
    return ESCAPES[it] ?? it;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
/** Letters, digits, signs and the point. */
const SCALAR_BYTES = Uint8Array.from({ length: 256 }, (_, code) =>
  /[\w+.-]/.test(String.fromCharCode(code)) ? 1 : 0,
);
const SCALAR = /^(?:true|false|null|NaN|-?Infinity|-?\d[\d.eE+-]*)$/;
/** More than Python's reader follows. */
const MAX_DEPTH = 20_000;
const MAX_TEXT = 1024 * 1024;
const MAX_KEPT = 64 * 1024;
