import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";

/** NumPy arrays: numbers, or with an `O` in their type a pickle. */
export const NPY: Format = {
  name: "npy",
  recognises: (source) => source.read(0, 6).toString("latin1") === "\x93NUMPY",
  async scan(source, examination) {
    examination.format("npy");
    const header = readHeader(source);
    if (typeof header === "string") return fault(examination, "npy-header", header);
    const { descr, shape, data } = header;
    const body = sliceSource(source, data, source.size - data);
    const size = itemSize(descr);
    if (size === undefined) return fault(examination, "npy-header", "has a type that is not known");
    if (size === "object") return examination.descend("(objects)", body);
    const wanted = shape.reduce((product, length) => product * length, size);
    if (wanted === body.size) return;
    const what = wanted > body.size ? "is cut" : `has ${body.size - wanted} bytes behind its array`;
    fault(examination, "npy-size", what);
    if (wanted < body.size) {
      await examination.descend("(bytes behind)", sliceSource(body, wanted, body.size - wanted));
    }
  },
};

function fault(examination: Examination, rule: string, message: string): void {
  examination.report({ verdict: "unscannable", rule, message });
}

type Literal = string | number | boolean | Literal[] | Map<string, Literal>;

/** The header, or what is wrong with it. It is a literal of Python's, and read strictly. */
function readHeader(
  source: ByteSource,
): { descr: Literal; shape: readonly number[]; data: number } | string {
  const head = source.read(0, 12);
  if (head.length < 10) return "ends within its header";
  const major = head[6] ?? 0;
  if (major < 1 || major > 3 || head[7] !== 0) return `is of version ${major}.${head[7]}`;
  const wide = major > 1;
  if (wide && head.length < 12) return "ends within its header";
  const length = wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const start = wide ? 12 : 10;
  if (length > MAX_HEADER) return `has a header of ${length} bytes`;
  if (start + length > source.size) return "ends within its header";
  const text = source.read(start, length).toString(major === 3 ? "utf8" : "latin1");
  const parser = new LiteralParser(text);
  const value = parser.parse();
  if (!(value instanceof Map) || value.size !== 3) return "has a header that is no dict of three";
  const descr = value.get("descr");
  const shape = value.get("shape");
  if (descr === undefined || typeof value.get("fortran_order") !== "boolean") {
    return "has a header without its fields";
  }
  if (!Array.isArray(shape) || !shape.every((each) => typeof each === "number" && each >= 0)) {
    return "has no shape";
  }
  return { descr, shape: shape as number[], data: start + length };
}

/** Bytes of an item, `object` where any part of it is a Python object. */
function itemSize(descr: Literal): number | "object" | undefined {
  if (typeof descr === "string") return simpleSize(descr);
  if (!Array.isArray(descr)) return undefined;
  // A subarray: a type and a shape.
  if (descr.length === 2 && Array.isArray(descr[1]) && isShape(descr[1]) && isType(descr[0])) {
    const size = itemSize(descr[0] ?? "");
    return typeof size === "number" ? descr[1].reduce((a, b) => a * b, size) : size;
  }
  let total = 0;
  for (const field of descr) {
    if (!Array.isArray(field) || field.length < 2 || field.length > 3) return undefined;
    const size = itemSize(field[1] ?? "");
    if (typeof size !== "number") return size;
    const shape = field[2];
    if (shape === undefined) total += size;
    else if (typeof shape === "number") total += size * shape;
    else if (Array.isArray(shape) && isShape(shape)) total += shape.reduce((a, b) => a * b, size);
    else return undefined;
  }
  return total;
}

function isType(value: Literal | undefined): boolean {
  return typeof value === "string" || Array.isArray(value);
}

function isShape(value: Literal[]): value is number[] {
  return value.every((each) => typeof each === "number" && each >= 0);
}

function simpleSize(descr: string): number | "object" | undefined {
  if (/^[<>|=]?O\d*$/.test(descr)) return "object";
  const match = /^[<>|=]?([?bBiufcSaUVmM])(\d{0,9})(?:\[[\w /]+\])?$/.exec(descr);
  if (match === null) return undefined;
  const count = match[2] === "" ? 1 : Number(match[2]);
  return match[1] === "U" ? count * 4 : count;
}

/** The literals that NumPy writes: dict, tuple, list, text, number, boolean. */
class LiteralParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** `undefined` where the text is anything else. */
  parse(): Literal | undefined {
    const value = this.#value(0);
    return value !== undefined && /^[ \n\0]*$/.test(this.#text.slice(this.#at)) ? value : undefined;
  }

  #value(depth: number): Literal | undefined {
    if (depth > 16) return undefined;
    const token = this.#token();
    if (token === "{") return this.#dict(depth);
    if (token === "(") return this.#list(")", depth);
    if (token === "[") return this.#list("]", depth);
    if (token === "True" || token === "False") return token === "True";
    if (/^\d/.test(token)) return Number.parseInt(token, 10);
    if (/^['"]/.test(token)) return token.slice(1, -1);
    return undefined;
  }

  #dict(depth: number): Literal | undefined {
    const map = new Map<string, Literal>();
    for (;;) {
      const key = this.#token();
      if (key === "}") return map;
      if (!/^['"]/.test(key) || this.#token() !== ":") return undefined;
      const name = key.slice(1, -1);
      const value = this.#value(depth + 1);
      // Of two, Python takes the last.
      if (value === undefined || map.has(name)) return undefined;
      map.set(name, value);
      const next = this.#token();
      if (next === "}") return map;
      if (next !== ",") return undefined;
    }
  }

  #list(end: string, depth: number): Literal | undefined {
    const items: Literal[] = [];
    for (;;) {
      const before = this.#at;
      if (this.#token() === end) return items;
      this.#at = before;
      const value = this.#value(depth + 1);
      if (value === undefined) return undefined;
      items.push(value);
      const next = this.#token();
      if (next === end) return end === ")" && items.length === 1 ? undefined : items;
      if (next !== ",") return undefined;
    }
  }

  #token(): string {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) return "";
    this.#at = TOKEN.lastIndex;
    return match[1] ?? "";
  }
}

/** Texts with an escape are none that NumPy writes. A long integer of Python 2 ends in L. */
const TOKEN = /[ \n]*([{}()[\]:,]|True|False|\d{1,15}(?=L?)|'[^'\\\n]*'|"[^"\\\n]*")L?/y;
const MAX_HEADER = 1024 * 1024;
