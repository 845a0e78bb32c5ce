import { isHex, isRecord, MlsignError, parseJson } from "@mlsign/core";
import type { Observation } from "./report.ts";

/** Somebody's decision to take a file as it is, for a reason and a time. */
export interface Waiver {
  /** Of the file. */
  readonly sha256: string;
  /** `module.name`, where one import is meant; else all that is wrong with the file. */
  readonly import?: string;
  readonly reason: string;
  /** The first day on which it no longer holds, as `YYYY-MM-DD` in UTC. */
  readonly expires: string;
}

/**
 * Reads a waivers file: `{"schema": "urn:mlsign:scan-waivers:v1", "waivers": […]}`.
 *
 * @throws MlsignError `json-invalid`, `config-invalid`
 */
export function readWaivers(bytes: Uint8Array): Waiver[] {
  const document = parseJson(bytes, { maxBytes: MAX_BYTES, maxDepth: 8 });
  if (!isRecord(document)) throw invalid("not an object");
  noOtherKeys(document, ["schema", "waivers"], "");
  if (document.schema !== SCHEMA) throw invalid(`its schema is not ${SCHEMA}`);
  if (!Array.isArray(document.waivers)) throw invalid("it has no list of waivers");
  return document.waivers.map(readWaiver);
}

function readWaiver(value: unknown, index: number): Waiver {
  const where = `waivers[${index}]`;
  if (!isRecord(value)) throw invalid(`${where} is not an object`);
  noOtherKeys(value, ["sha256", "import", "reason", "expires"], `${where}.`);
  const { sha256, import: name, reason, expires } = value;
  if (typeof sha256 !== "string" || !isHex(sha256, 32)) {
    throw invalid(`${where}.sha256 is no SHA-256 in lower-case hex`);
  }
  if (name !== undefined && (typeof name !== "string" || !/^[^\s]+\.[^\s.]+$/.test(name))) {
    throw invalid(`${where}.import is no module.name`);
  }
  if (typeof reason !== "string" || reason.trim() === "") throw invalid(`${where} has no reason`);
  if (typeof expires !== "string" || !isDate(expires)) {
    throw invalid(`${where}.expires is no date such as 2027-02-20`);
  }
  return { sha256, ...(name !== undefined && { import: name }), reason, expires };
}

function noOtherKeys(
  value: Record<string, unknown>,
  known: readonly string[],
  where: string,
): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) throw invalid(`unknown key ${JSON.stringify(where + other)}`);
}

/** Whether a waiver is for this observation of that file. */
export function covers(waiver: Waiver, sha256: string, observation: Observation): boolean {
  if (waiver.sha256 !== sha256) return false;
  const { import: name } = observation;
  return waiver.import === undefined || waiver.import === (name && `${name.module}.${name.name}`);
}

export function hasExpired({ expires }: Waiver, now: Date): boolean {
  return now.getTime() >= Date.parse(`${expires}T00:00:00Z`);
}

function isDate(text: string): boolean {
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return date !== undefined && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function invalid(why: string): MlsignError {
  return new MlsignError("config-invalid", `Cannot use the waivers: ${why}`);
}

const SCHEMA = "urn:mlsign:scan-waivers:v1";
const MAX_BYTES = 4 * 1024 * 1024;
