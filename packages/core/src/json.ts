import { isUtf8 } from "node:buffer";
import { MlsignError } from "./errors.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** Enough for a manifest of some 400,000 files; far from what would exhaust memory. */
export const JSON_LIMITS: JsonLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 64 };

/**
 * Parses a stranger's JSON (RFC 8259), refusing what parsers disagree about: duplicate keys,
 * trailing data, a byte order mark, ill-formed UTF-8, lone surrogates, and more bytes or depth
 * than allowed. Bytes are checked before anything is built from them.
 *
 * @throws MlsignError `json-invalid` naming the offset (UTF-16 units) and what was wanted.
 */
export function parseJson(data: Uint8Array | string, limits: JsonLimits = JSON_LIMITS): JsonValue {
  if (data.length > limits.maxBytes) {
    throw invalid(`${data.length} bytes, more than the ${limits.maxBytes} allowed`);
  }
  const text = typeof data === "string" ? data : decodeUtf8(data);
  new Scanner(text, limits.maxDepth).scan();
  return JSON.parse(text) as JsonValue;
}

/** @throws MlsignError `json-invalid` where the bytes are not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) {
    throw new MlsignError("json-invalid", "Cannot read text: not well-formed UTF-8");
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/**
 * Decodes standard base64 strictly (RFC 4648 section 4, padded): the text must be what encoding
 * its bytes gives, so that one value has one form.
 *
 * @throws MlsignError `json-invalid`
 */
export function decodeBase64(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) {
    throw new MlsignError("json-invalid", `Cannot decode ${what}: not standard base64`);
  }
  return bytes;
}

/** Walks the grammar without building values; JSON.parse runs only on text that passed. */
class Scanner {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  scan(): void {
    this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#fail("data after the end");
  }

  #value(depth: number): void {
    if (depth > this.#maxDepth) throw this.#fail(`nested deeper than ${this.#maxDepth}`);
    this.#space();
    const character = this.#text[this.#at];
    if (character === "{") return this.#object(depth);
    if (character === "[") return this.#array(depth);
    if (character === '"') {
      this.#string();
      return;
    }
    SCALAR.lastIndex = this.#at;
    const match = SCALAR.exec(this.#text);
    if (match === null) throw this.#fail("no value");
    this.#at = SCALAR.lastIndex;
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#at += 1;
    if (this.#closes("}")) return;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#fail("no key");
      const key = this.#string();
      if (keys.has(key)) throw this.#fail(`duplicate key ${JSON.stringify(key)}`);
      keys.add(key);
      this.#space();
      if (this.#text[this.#at] !== ":") throw this.#fail("no colon after a key");
      this.#at += 1;
      this.#value(depth + 1);
      if (this.#closes("}")) return;
      this.#comma();
    }
  }

  #array(depth: number): void {
    this.#at += 1;
    if (this.#closes("]")) return;
    for (;;) {
      this.#value(depth + 1);
      if (this.#closes("]")) return;
      this.#comma();
    }
  }

  #string(): string {
    const start = this.#at;
    let escaped = false;
    for (let at = start + 1; ; at += 1) {
      const unit = this.#text.charCodeAt(at);
      // NaN (the end of the text) and control characters both fail this comparison.
      if (!(unit >= 0x20)) throw this.#fail("malformed string");
      if (unit === QUOTE) {
        this.#at = at + 1;
        break;
      }
      if (unit !== BACKSLASH) continue;
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(this.#text)) throw this.#fail("malformed escape in a string");
      escaped = true;
      at = ESCAPE.lastIndex - 1;
    }
    const raw = this.#text.slice(start, this.#at);
    const value = escaped ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    if (!value.isWellFormed()) throw this.#fail("lone surrogate in a string");
    return value;
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  #closes(bracket: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #comma(): void {
    if (this.#text[this.#at] !== ",") throw this.#fail("no comma or end");
    this.#at += 1;
  }

  #fail(what: string): MlsignError {
    return invalid(`${what} at offset ${this.#at}`);
  }
}

function invalid(what: string): MlsignError {
  return new MlsignError("json-invalid", `Cannot parse JSON: ${what}`);
}

const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
