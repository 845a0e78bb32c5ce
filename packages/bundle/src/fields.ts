import { decodeBase64, isRecord, MlsignError } from "@mlsign/core";

export type Fields = Readonly<Record<string, unknown>>;

/**
 * An object that holds no other keys than these. What is unknown is refused: another reader could
 * know it (protobuf's JSON also has snake_case names) and see another bundle than we do.
 */
export function fieldsOf(value: unknown, what: string, allowed: readonly string[]): Fields {
  if (!isRecord(value)) throw malformed(`${what} is not an object`);
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw malformed(`${what} has the unknown field "${unknown}"`);
  return value;
}

export function stringOf(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== "string" || value === "") throw malformed(`"${key}" is not a string`);
  return value;
}

export function bytesOf(fields: Fields, key: string): Buffer {
  return decodeBase64(stringOf(fields, key), `"${key}"`);
}

export function listOf(value: unknown, what: string, most: number): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${what} is not a list`);
  if (value.length > most) throw malformed(`${value.length} ${what}, more than ${most}`);
  return value as readonly unknown[];
}

/** Protobuf's int64: a decimal string, or a number where it is exact; never negative here. */
export function int64Of(fields: Fields, key: string, fallback?: string): string {
  const value = fields[key] ?? fallback;
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || !/^(?:0|[1-9]\d{0,18})$/.test(text) || BigInt(text) > INT64_MAX) {
    throw malformed(`"${key}" is not a 64-bit count`);
  }
  return text;
}

export function malformed(what: string): MlsignError {
  return new MlsignError("bundle-malformed", `Cannot read bundle: ${what}`);
}

const INT64_MAX = 2n ** 63n - 1n;
