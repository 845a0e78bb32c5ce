import { isRecord, MlsignError, parseJson } from "@mlsign/core";
import type { Examination, Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";

/**
 * Tensors behind a JSON header. Nothing in them can run: what is checked is that every reader sees
 * the same, and that the file is this and nothing else.
 */
export const SAFETENSORS: Format = {
  name: "safetensors",
  recognises(source) {
    const length = headerLength(source);
    return (
      length !== undefined &&
      length <= source.size &&
      /^\{\s*["}]/.test(source.read(8, 32).toString("latin1"))
    );
  },
  async scan(source, examination) {
    examination.format("safetensors");
    const length = headerLength(source) ?? 0;
    if (length > MAX_HEADER || 8 + length > source.size) {
      return fault(examination, "safetensors-header", `has a header of ${length} bytes`);
    }
    if (length > MAX_PARSED) return fault(examination, "limit", `has a header of ${length} bytes`);
    let header;
    try {
      header = parseJson(Buffer.from(source.read(8, length)), {
        maxBytes: MAX_PARSED,
        maxDepth: 8,
      });
    } catch (error) {
      if (!(error instanceof MlsignError)) throw error;
      return fault(
        examination,
        "safetensors-header",
        `has a header that is not read: ${error.message}`,
      );
    }
    if (!isRecord(header)) return fault(examination, "safetensors-header", "has no header");
    const wrong = faultOf(header, source.size - 8 - length);
    if (wrong !== undefined) fault(examination, ...wrong);
  },
};

function headerLength(source: ByteSource): number | undefined {
  if (source.size < 10) return undefined;
  const length = source.read(0, 8).readBigUInt64LE(0);
  return length < 2 ** 40 ? Number(length) : undefined;
}

function fault(examination: Examination, rule: string, message: string): void {
  examination.report({ verdict: "unscannable", rule, message });
}

/** The rules of the format's own reader, in its order. */
function faultOf(header: Record<string, unknown>, size: number): [string, string] | undefined {
  const tensors: { name: string; begin: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    // oxlint-disable-next-line no-control-regex
    if (/[\x00-\x1f\x7f]/.test(name))
      return ["safetensors-name", "has a name with a control character"];
    if (name === "__metadata__") {
      if (!isRecord(value) || !Object.values(value).every((each) => typeof each === "string")) {
        return ["safetensors-header", "has metadata that are not texts"];
      }
      continue;
    }
    const tensor = readTensor(value);
    if (tensor === undefined) {
      return ["safetensors-header", `has a tensor ${JSON.stringify(name)} that is not described`];
    }
    tensors.push({ name, ...tensor });
  }
  let at = 0;
  for (const { name, begin, end } of tensors.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== at) {
      const what = begin > at ? "a hole before" : "an overlap with";
      return ["safetensors-offsets", `has ${what} tensor ${JSON.stringify(name)}`];
    }
    at = end;
  }
  if (at === size) return undefined;
  if (at > size) return ["safetensors-offsets", "is cut"];
  return ["safetensors-offsets", `has ${size - at} bytes behind its tensors`];
}

function readTensor(value: unknown): { begin: number; end: number } | undefined {
  if (!isRecord(value)) return undefined;
  const { dtype, shape, data_offsets: offsets } = value;
  const bits = typeof dtype === "string" ? BITS.get(dtype) : undefined;
  if (bits === undefined || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    return undefined;
  }
  const [begin = 0, end = 0] = offsets;
  const wanted = shape.reduce((product, each) => product * each, bits);
  const fits = end >= begin && wanted % 8 === 0 && wanted / 8 === end - begin;
  return fits ? { begin, end } : undefined;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

const MAX_HEADER = 100_000_000;
/** Of it, what is kept in memory. */
const MAX_PARSED = 16 * 1024 * 1024;
const BITS: ReadonlyMap<string, number> = new Map([
  ["BOOL", 8],
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["U8", 8],
  ["I8", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["C64", 64],
  ["F64", 64],
  ["I64", 64],
  ["U64", 64],
]);
