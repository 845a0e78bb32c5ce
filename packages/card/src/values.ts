import { isRecord } from "@mlsign/core";

type Values = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown): Values {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** A text, or each text of a list. */
export function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((v) => textOf(v) ?? []);
}

/** The mlsign block, empty where there is none. */
export function blockOf(values: Values | undefined): Values {
  return recordOf(values?.mlsign);
}
