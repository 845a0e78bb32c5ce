import { isRecord } from "@mlsign/core";

export type Fields = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** ISO 8601, or milliseconds since 1970; `undefined` for what is no time. */
export function timeOf(value: unknown): Date | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** A commit's full name; the one of nothing (all zeros) is none. */
export function commitOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && COMMIT.test(text) && !/^0+$/.test(text) ? text : undefined;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
