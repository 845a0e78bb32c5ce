import { Cursor, Cut } from "../cursor.ts";
import type { Examination, Format } from "../examine.ts";
import { judgeTemplate } from "./chat-template.ts";

/** GGUF: keys with values, tensors by offset, and often a chat template, which is a program. */
export const GGUF: Format = {
  name: "gguf",
  recognises: (source) => source.size >= 8 && source.read(0, 4).toString("latin1") === "GGUF",
  async scan(source, examination) {
    examination.format("gguf");
    try {
      readGguf(new Cursor(source, 4), source.size, examination);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      fault(examination, error.message);
    }
  },
};

function fault(examination: Examination, message: string): void {
  examination.report({ verdict: "unscannable", rule: "gguf-header", message });
}

function readGguf(input: Cursor, size: number, examination: Examination): void {
  const version = input.u32();
  if (version !== 2 && version !== 3) throw new Cut(`is GGUF of version ${version}`);
  const tensors = input.u64();
  const keys = input.u64();
  if (tensors > MAX_TENSORS || keys > MAX_KEYS) {
    throw new Cut(`says that it holds ${tensors} tensors and ${keys} keys`);
  }
  const alignment = readKeys(input, keys, examination);
  if (alignment === 0 || !Number.isInteger(Math.log2(alignment))) {
    throw new Cut(`has an alignment of ${alignment}`);
  }
  const names = new Set<string>();
  const places: { offset: number; bytes: number | undefined }[] = [];
  for (let i = 0; i < tensors; i += 1) {
    const name = readText(input, MAX_NAME);
    if (names.has(name)) throw new Cut(`has two tensors ${JSON.stringify(name)}`);
    names.add(name);
    const dimensions = input.u32();
    if (dimensions > MAX_DIMENSIONS) throw new Cut(`has a tensor of ${dimensions} dimensions`);
    let items = 1;
    for (let d = 0; d < dimensions; d += 1) items *= input.u64();
    const type = TYPES[input.u32()];
    const bytes = type && (items / type[0]) * type[1];
    places.push({ offset: input.u64(), bytes });
  }
  const start = Math.ceil(input.at / alignment) * alignment;
  let end = places.length === 0 ? input.at : start;
  let known = true;
  for (const { offset, bytes } of places) {
    if (offset % alignment !== 0) throw new Cut("has a tensor that is not aligned");
    if (bytes === undefined) known = false;
    const last = start + offset + (bytes ?? 0);
    if (!(last <= size)) throw new Cut("has a tensor that ends beyond the file");
    end = Math.max(end, last);
  }
  if (known && size - end >= alignment && size > start) {
    fault(examination, `has ${size - end} bytes behind its tensors`);
  }
}

/** The alignment that the keys ask for. */
function readKeys(input: Cursor, count: number, examination: Examination): number {
  let alignment = 32;
  const names = new Set<string>();
  for (let i = 0; i < count; i += 1) {
    const name = readText(input, MAX_NAME);
    // Of two, one reader takes the first and another the last.
    if (names.has(name)) throw new Cut(`has two keys ${JSON.stringify(name)}`);
    names.add(name);
    const type = input.u32();
    const template = /(?:^|\.)chat_template(?:$|\.)/.test(name);
    if (name === "general.alignment" && type === 4) alignment = input.u32();
    else if (template && type === 8) {
      judgeTemplate(readText(input, MAX_TEMPLATE), "chat template", examination);
    } else skipValue(input, type, 0);
  }
  return alignment;
}

function skipValue(input: Cursor, type: number, depth: number): void {
  const size = SIZES[type];
  if (size !== undefined) return input.skip(size);
  if (type === 8) return input.skip(input.u64());
  if (type !== 9) throw new Cut(`has a value of type ${type}`);
  if (depth >= MAX_DEPTH) throw new Cut("has lists too deep within lists");
  const inner = input.u32();
  const length = input.u64();
  const fixed = SIZES[inner];
  if (fixed !== undefined) return input.skip(length * fixed);
  // Each takes bytes, so that the file's end ends this.
  if (length > input.left) throw new Cut("ends within a list");
  for (let i = 0; i < length; i += 1) skipValue(input, inner, depth + 1);
}

function readText(input: Cursor, most: number): string {
  return input.bytes(input.u64(), most).toString("utf8");
}

/** Bytes of a value, by type; texts and lists have none. */
const SIZES: readonly (number | undefined)[] = [
  1,
  1,
  2,
  2,
  4,
  4,
  4,
  1,
  undefined,
  undefined,
  8,
  8,
  8,
];
/** Items and bytes of a block, by ggml's type. */
const TYPES: Readonly<Record<number, readonly [items: number, bytes: number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
};
const MAX_TENSORS = 1_000_000;
const MAX_KEYS = 100_000;
const MAX_DIMENSIONS = 8;
const MAX_NAME = 64 * 1024;
const MAX_TEMPLATE = 1024 * 1024;
const MAX_DEPTH = 4;
