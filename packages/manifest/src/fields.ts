import { type JsonObject, type JsonValue, isRecord, MlsignError, printable } from "@mlsign/core";

/** Reads a stranger's JSON field by field; the first that is not what it must be ends it. */
export function invalid(what: string): MlsignError {
  return new MlsignError("manifest-invalid", `Cannot accept the manifest: ${what}`);
}

export function objectAt(value: JsonValue | undefined, where: string): JsonObject {
  if (isRecord(value)) return value as JsonObject;
  throw invalid(`${where} is ${typeName(value)}, wanted an object`);
}

export function arrayAt(value: JsonValue | undefined, where: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  throw invalid(`${where} is ${typeName(value)}, wanted a list`);
}

/** A text that is not empty. */
export function stringAt(value: JsonValue | undefined, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`${where} is ${typeName(value)}, wanted a text`);
}

export function booleanAt(value: JsonValue | undefined, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(`${where} is ${typeName(value)}, wanted true or false`);
}

/** @throws MlsignError for a key that is not one of these: it could change what the rest means. */
export function onlyKeys(value: JsonObject, keys: readonly string[], where: string): void {
  const other = Object.keys(value).find((key) => !keys.includes(key));
  if (other !== undefined) throw invalid(`${where} has the unknown field "${printable(other)}"`);
}

/** The value itself, if it is one of these. */
export function oneOf<T extends string>(value: string, allowed: readonly T[], where: string): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw invalid(`${where} is "${printable(value)}", wanted one of ${allowed.join(", ")}`);
}

function typeName(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  if (value === "") return "empty";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return `of type ${typeof value}`;
}
