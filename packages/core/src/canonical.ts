import type { JsonValue } from "./json.ts";
import { byUtf8 } from "./text.ts";

/**
 * JSON with one form for one value: no white space, keys sorted, so that the same input gives the
 * same bytes. RFC 8785 for values without fractions, but for the order of keys outside the BMP.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== "object") return scalar(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value as Record<string, JsonValue>)
    .sort(([a], [b]) => byUtf8(a, b))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`Cannot write ${value} as JSON: not a finite number`);
  }
  return JSON.stringify(value);
}
