import { gunzipSync } from "node:zlib";
import {
  decodeUtf8,
  isRecord,
  type JsonValue,
  MlsignError,
  parseJson,
  printable,
} from "@mlsign/core";
import { cloudTrailEvent } from "./cloudtrail.ts";
import type { AuditEvent } from "./event.ts";
import type { Fields } from "./fields.ts";
import { gcsEvent } from "./gcs.ts";
import { githubEvent } from "./github.ts";
import { gitlabEvent } from "./gitlab.ts";
import { versionEvent } from "./object-versions.ts";

/** What was understood of a log, and how many of its entries were of no interest here. */
export interface AuditLog {
  readonly events: readonly AuditEvent[];
  readonly others: number;
}

/**
 * Reads an export of an audit log: JSON, a JSON value a line, or either of them in gzip. Which
 * keeper's it is shows from each entry.
 *
 * @throws MlsignError `json-invalid`, `limit-exceeded`
 */
export function readAuditLog(data: Uint8Array, source: string): AuditLog {
  const text = textOf(data, source);
  const events: AuditEvent[] = [];
  let others = 0;
  for (const { entry, deleted } of entriesOf(text, source)) {
    const event = eventOf(entry, deleted);
    if (event === undefined) others += 1;
    else events.push(event);
  }
  return { events, others };
}

function eventOf(entry: Fields, deleted: boolean): AuditEvent | undefined {
  return (
    githubEvent(entry) ??
    gitlabEvent(entry) ??
    cloudTrailEvent(entry) ??
    gcsEvent(entry) ??
    versionEvent(entry, deleted)
  );
}

interface Entry {
  readonly entry: Fields;
  readonly deleted: boolean;
}

function* entriesOf(text: string, source: string): Generator<Entry> {
  const whole = tryJson(text);
  if (whole !== undefined) {
    yield* flatten(whole);
    return;
  }
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (line.trim() === "") continue;
    const value = tryJson(line);
    if (value === undefined) {
      const place = `${printable(source)}, line ${number}`;
      throw new MlsignError("json-invalid", `Cannot read audit log ${place}: it is not JSON`);
    }
    yield* flatten(value);
  }
}

/** A list, CloudTrail's `Records`, or S3's `Versions` and `DeleteMarkers`; else one entry. */
function* flatten(value: JsonValue): Generator<Entry> {
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) {
      if (isRecord(item)) yield { entry: item, deleted: false };
    }
    return;
  }
  if (!isRecord(value)) return;
  const lists: [unknown, boolean][] = [
    [value.Records, false],
    [value.Versions, false],
    [value.DeleteMarkers, true],
  ];
  if (lists.every(([list]) => !Array.isArray(list))) {
    yield { entry: value, deleted: false };
    return;
  }
  for (const [list, deleted] of lists) {
    for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
      if (isRecord(item)) yield { entry: item, deleted };
    }
  }
}

function tryJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text, { maxBytes: MOST_BYTES, maxDepth: 64 });
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

function textOf(data: Uint8Array, source: string): string {
  try {
    const plain =
      data[0] === 0x1f && data[1] === 0x8b
        ? gunzipSync(data, { maxOutputLength: MOST_BYTES })
        : data;
    if (plain.length <= MOST_BYTES) return decodeUtf8(plain);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") {
      const what = `Cannot read audit log ${printable(source)}: neither text nor gzip`;
      throw new MlsignError("json-invalid", what, { cause });
    }
  }
  throw new MlsignError(
    "limit-exceeded",
    `Cannot read audit log ${printable(source)}: more than ${MOST_BYTES} bytes`,
  );
}

const MOST_BYTES = 256 * 1024 * 1024;
