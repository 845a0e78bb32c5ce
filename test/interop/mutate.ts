/** Seeded mutations of a bundle's text: bytes, base64, structure, and parts of other bundles. */

/** Numbers from a seed, the same on every machine (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
    for (let warm = 0; warm < 4; warm += 1) this.below(2);
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Mutant {
  readonly operator: string;
  readonly data: Buffer;
}

/** The mutant of this number: the same for the same seed and corpus. */
export function mutant(corpus: readonly string[], base: number, random: Random): Mutant {
  const text = corpus[base] ?? "";
  const operator = random.pick(WEIGHTED);
  const change = OPERATORS[operator] ?? OPERATORS.structure;
  return { operator, data: change?.(text, random, corpus) ?? Buffer.from(text) };
}

const OPERATORS: Readonly<Record<string, Mutate>> = {
  "bytes flipped": (text, random) => {
    const data = Buffer.from(text);
    for (let times = 1 + random.below(3); times > 0; times -= 1) {
      const at = random.below(data.length);
      data[at] = (data[at] ?? 0) ^ (1 << random.below(8));
    }
    return data;
  },
  "bytes replaced": (text, random) => {
    const data = Buffer.from(text);
    data[random.below(data.length)] = random.below(256);
    return data;
  },
  "bytes inserted": (text, random) => {
    const data = Buffer.from(text);
    const at = random.below(data.length + 1);
    const more = Buffer.from(random.pick(INSERTS));
    return Buffer.concat([data.subarray(0, at), more, data.subarray(at)]);
  },
  "bytes removed": (text, random) => {
    const data = Buffer.from(text);
    const at = random.below(data.length);
    const count = 1 + random.below(random.pick([1, 8, 300]));
    return Buffer.concat([data.subarray(0, at), data.subarray(at + count)]);
  },
  "text cut": (text, random) => Buffer.from(text).subarray(0, random.below(text.length)),
  "slice of another bundle": (text, random, corpus) => {
    const [data, other] = [Buffer.from(text), Buffer.from(random.pick(corpus))];
    const at = random.below(Math.min(data.length, other.length));
    const end = at + 1 + random.below(400);
    return Buffer.concat([data.subarray(0, at), other.subarray(at, end), data.subarray(end)]);
  },
  "white space": (text, random) => {
    const json = JSON.parse(text) as Json;
    return Buffer.from(random.pick([JSON.stringify(json, null, 2), `\n\t ${text} \r\n`]));
  },
  "key given twice": (text, random) => {
    const places = [...text.matchAll(/[{,]\s*("(?:[^"\\]|\\.)*")\s*:/g)];
    const place = random.pick(places);
    const at = place.index + 1;
    const value = random.pick(['""', "null", "{}", "[]", "0", '"AAAA"']);
    return Buffer.from(`${text.slice(0, at)}${place[1]}:${value},${text.slice(at)}`);
  },
  "base64 content": (text, random) =>
    edited(text, random, isBase64, (value) => {
      const data = Buffer.from(value, "base64");
      return changedBytes(data, random).toString("base64");
    }),
  "base64 form": (text, random) =>
    edited(text, random, isBase64, (value) =>
      random.pick([
        value.replace(/=+$/, ""),
        `${value}=`,
        `${value}\n`,
        ` ${value}`,
        value.replaceAll("+", "-").replaceAll("/", "_"),
        `${value}AAAA`,
        value.replace(/(.)(=*)$/, (_, last: string, pad: string) => next64(last) + pad),
      ]),
    ),
  "inner JSON": (text, random) =>
    edited(text, random, isInnerJson, (value) => {
      const inner = Buffer.from(value, "base64").toString();
      const json = JSON.parse(inner) as Json;
      const changed =
        random.below(4) === 0
          ? JSON.stringify(json, null, 1 + random.below(2))
          : JSON.stringify(restructured(json, random));
      return Buffer.from(changed).toString("base64");
    }),
  "checkpoint text": (text, random) =>
    edited(
      text,
      random,
      (value) => value.includes("\n\n— "),
      (value) => {
        const lines = value.split("\n");
        const at = random.below(lines.length);
        switch (random.below(5)) {
          case 0:
            lines.splice(at, 1);
            break;
          case 1:
            lines.splice(at, 0, lines[at] ?? "");
            break;
          case 2:
            lines.splice(at, 0, random.pick(["", "extra", "— mallory AAAAAAAA", "0"]));
            break;
          case 3:
            lines[at] = `${lines[at] ?? ""}${random.pick([" ", "\r", "0", "A"])}`;
            break;
          default:
            lines.push("— witness.example.com AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "");
        }
        return lines.join("\n");
      },
    ),
  "signature encoding": (text, random) =>
    edited(
      text,
      random,
      (value) => isBase64(value) && /^ME[A-Za-z0-9+/]|^MI/.test(value) && value.length < 200,
      (value) => otherEcdsa(Buffer.from(value, "base64"), random).toString("base64"),
    ),
  structure: (text, random) => stringify(restructured(JSON.parse(text) as Json, random)),
  "two changes of structure": (text, random) =>
    stringify(restructured(restructured(JSON.parse(text) as Json, random), random)),
  "part of another bundle": (text, random, corpus) => {
    const json = JSON.parse(text) as Json;
    const other = JSON.parse(random.pick(corpus)) as Json;
    const shared = pathsOf(json).filter((path) => path.length > 0 && has(other, path));
    const path = random.pick(shared);
    return stringify(set(json, path, structuredClone(get(other, path) ?? null)));
  },
  "part moved from another bundle": (text, random, corpus) => {
    const json = JSON.parse(text) as Json;
    const other = JSON.parse(random.pick(corpus)) as Json;
    const from = random.pick(pathsOf(other).filter((path) => path.length > 0));
    const parents = pathsOf(json).filter((path) => isObject(get(json, path)));
    const key = String(from.at(-1) ?? "x");
    const to = [...random.pick(parents), key];
    return stringify(set(json, to, structuredClone(get(other, from) ?? null)));
  },
};

type Mutate = (text: string, random: Random, corpus: readonly string[]) => Buffer;

/** Blind changes of bytes seldom get past the parser: structure is tried more often. */
const WEIGHTED: readonly string[] = Object.keys(OPERATORS).flatMap((name) =>
  Array.from({ length: /structure|part|base64 content|inner/.test(name) ? 3 : 1 }, () => name),
);

/** A change at one place of the tree. */
function restructured(json: Json, random: Random): Json {
  const path = random.pick(pathsOf(json).filter((candidate) => candidate.length > 0));
  const parent = get(json, path.slice(0, -1));
  const value = get(json, path) ?? null;
  const key = path.at(-1) ?? "";
  switch (random.below(10)) {
    case 0:
      return remove(json, path);
    case 1:
      return set(json, path, random.pick(VALUES));
    case 2:
      return set(json, path, otherForm(value, random));
    case 3:
      if (Array.isArray(value)) return set(json, path, [...value, ...structuredClone(value)]);
      return set(json, path, [structuredClone(value)]);
    case 4:
      if (Array.isArray(value)) return set(json, path, value.toReversed());
      return set(json, path, random.pick(VALUES));
    case 5:
      if (typeof key === "string" && isObject(parent)) {
        const renamed = random.pick([snake(key), key.toUpperCase(), `${key} `, `${key}2`]);
        return set(remove(json, path), [...path.slice(0, -1), renamed], value);
      }
      return remove(json, path);
    case 6:
      if (isObject(value)) return set(json, [...path, random.pick(KEYS)], random.pick(VALUES));
      return set(json, path, { value });
    case 7:
      if (isObject(value)) {
        return set(json, path, Object.fromEntries(Object.entries(value).toReversed()));
      }
      return set(json, path, random.pick(VALUES));
    case 8: {
      const other = random.pick(pathsOf(json).filter((candidate) => candidate.length > 0));
      return set(json, path, structuredClone(get(json, other) ?? null));
    }
    default:
      return set(json, path, typeof value === "string" ? nudged(value, random) : null);
  }
}

function otherForm(value: Json, random: Random): Json {
  if (typeof value === "string" && /^\d+$/.test(value)) {
    return random.pick<Json>([Number(value), `0${value}`, `${value}.0`, `-${value}`, `+${value}`]);
  }
  if (typeof value === "number") return String(value);
  if (typeof value === "string") {
    return random.pick([value.toUpperCase(), value.toLowerCase(), ` ${value}`, `${value}\u0000`]);
  }
  return random.pick(VALUES);
}

function nudged(value: string, random: Random): string {
  if (/^\d+$/.test(value)) {
    return String(BigInt(value) + random.pick([1n, -1n, 1000n, 1n << 32n, 1n << 63n]));
  }
  const at = random.below(value.length + 1);
  return (
    value.slice(0, at) + random.pick(["A", "0", "/", " ", "é", "\u202E"]) + value.slice(at + 1)
  );
}

function changedBytes(data: Buffer, random: Random): Buffer {
  const copy = Buffer.from(data);
  const at = random.below(copy.length);
  switch (random.below(5)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy, Buffer.from(random.pick(INSERTS))]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1)]);
    case 3:
      copy[at] = random.pick([0x00, 0x30, 0x7f, 0x80, 0x84, 0xff]);
      return copy;
    default:
      copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
  }
}

/** Another spelling of an ECDSA signature: its twin (r, n - s), or DER that is not in its one form. */
function otherEcdsa(der: Buffer, random: Random): Buffer {
  const [r, s] = integers(der);
  if (r === undefined || s === undefined) return changedBytes(der, random);
  const order = r.length > 34 ? (r.length > 50 ? ORDERS[521] : ORDERS[384]) : ORDERS[256];
  const value = BigInt(`0x${s.toString("hex") || "0"}`);
  const twin = Buffer.from((order - value).toString(16).padStart(s.length * 2, "0"), "hex");
  const zero = Buffer.concat([Buffer.of(0), r]);
  const long = Buffer.concat([Buffer.of(0x30, 0x81, der.length - 2), der.subarray(2)]);
  return random.pick([
    sequence(r, minimal(twin)),
    sequence(zero, s),
    sequence(r, Buffer.concat([Buffer.of(0), s])),
    sequence(s, r),
    long,
    Buffer.concat([der, Buffer.of(0)]),
    sequence(Buffer.of(1), Buffer.of(1)),
    sequence(Buffer.of(0), Buffer.of(0)),
  ]);
}

function integers(der: Buffer): (Buffer | undefined)[] {
  let at = der[1] === 0x81 ? 3 : 2;
  return [0, 1].map(() => {
    if (der[at] !== 2) return undefined;
    const length = der[at + 1] ?? 0;
    const value = der.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    return value;
  });
}

function minimal(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
}

function sequence(...values: readonly Buffer[]): Buffer {
  const body = Buffer.concat(values.flatMap((value) => [Buffer.of(2, value.length), value]));
  const head = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return Buffer.concat([Buffer.from(head), body]);
}

function edited(
  text: string,
  random: Random,
  fits: (value: string) => boolean,
  change: (value: string) => string,
): Buffer {
  const json = JSON.parse(text) as Json;
  const paths = pathsOf(json).filter((path) => {
    const value = get(json, path);
    return typeof value === "string" && fits(value);
  });
  if (paths.length === 0) return stringify(restructured(json, random));
  const path = random.pick(paths);
  const value = get(json, path);
  return stringify(set(json, path, typeof value === "string" ? change(value) : null));
}

type Path = readonly (string | number)[];

export function pathsOf(json: Json, at: Path = []): Path[] {
  if (json === null || typeof json !== "object") return [at];
  const entries = Array.isArray(json) ? [...json.entries()] : Object.entries(json);
  return [at, ...entries.flatMap(([key, value]) => pathsOf(value, [...at, key]))];
}

export function get(json: Json, path: Path): Json | undefined {
  let current: Json | undefined = json;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, Json>)[key];
  }
  return current;
}

function has(json: Json, path: Path): boolean {
  return get(json, path) !== undefined;
}

function set(json: Json, path: Path, value: Json): Json {
  const copy = structuredClone(json);
  const parent = get(copy, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof parent !== "object" || parent === null || key === undefined) return value;
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return copy;
}

function remove(json: Json, path: Path): Json {
  const copy = structuredClone(json);
  const parent = get(copy, path.slice(0, -1));
  const key = path.at(-1);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isObject(parent)) Reflect.deleteProperty(parent, String(key));
  return copy;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBase64(value: string): boolean {
  return value.length >= 16 && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}

/** Base64 of a JSON object. One random signature in 4096 also begins as such text does. */
function isInnerJson(value: string): boolean {
  if (!isBase64(value) || !value.startsWith("ey")) return false;
  try {
    JSON.parse(Buffer.from(value, "base64").toString());
    return true;
  } catch {
    return false;
  }
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The next letter: where bits of the last one are unused, a second text for the same bytes. */
function next64(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return alphabet[(alphabet.indexOf(letter) + 1) % 64] ?? "A";
}

function stringify(json: Json): Buffer {
  return Buffer.from(JSON.stringify(json));
}

const INSERTS = ["\0", " ", "{", "}", "[", '"', "\\", ",", "\uFEFF", "0", "é", "\n", "0\0\0\0\0"];
const KEYS = ["extra", "rawBytes", "hint", "keyid", "__proto__", "constructor", "log_index", ""];
const DEEP: Json = JSON.parse(`${"[".repeat(80)}${"]".repeat(80)}`) as Json;
const VALUES: readonly Json[] = [
  null,
  "",
  "0",
  "-1",
  "1",
  "9223372036854775807",
  "9223372036854775808",
  "AAAA",
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  true,
  false,
  [],
  {},
  [null],
  { "": "" },
  "A".repeat(4096),
  DEEP,
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.in-toto+json",
  "SHA2_512",
  "hashedrekord",
  "0.0.1",
];
const ORDERS = {
  256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  521: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
} as const;
