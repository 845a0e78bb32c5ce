import {
  canonicalJson,
  hexOf,
  isHex,
  isRecord,
  type JsonObject,
  MlsignError,
  parseJson,
  printable,
  sha256,
} from "@mlsign/core";

/** Who signed, as far as a bundle's verification said; who it claims to be, where it did not hold. */
export type StoredSigner =
  | { readonly issuer: string; readonly subject: string }
  | { readonly key: string };

/** What its verification came to when a bundle was added. */
export interface Verdict {
  readonly status: "verified" | "unverified" | "failed";
  readonly signer?: StoredSigner;
  /** By a timestamp authority or a log; ISO 8601. */
  readonly time?: string;
  readonly logged?: boolean;
  readonly timestamped?: boolean;
}

/** One line of the journal: that a bundle was added, or judged anew. */
export interface Entry extends Verdict {
  /** Counts from 1. */
  readonly sequence: number;
  /** SHA-256 of the line before, without its newline; zeros at the start. */
  readonly prev: string;
  /** When it was added; ISO 8601. */
  readonly at: string;
  /** Of the bundle's bytes. */
  readonly sha256: string;
  /** Where it came from, in the adder's words. */
  readonly source: string;
  /** That the bundle was added before, and is only judged anew. */
  readonly again?: true;
}

/** The end of a journal, or of the part of it that was read. `offset` is where the next line begins. */
export interface Position {
  readonly sequence: number;
  readonly head: string;
  readonly offset: number;
}

export const START: Position = { sequence: 0, head: "0".repeat(64), offset: 0 };

/** A line with the place where it stands. */
export interface Line {
  readonly entry: Entry;
  readonly text: string;
  /** Where it begins. */
  readonly offset: number;
  /** What the journal comes to with it. */
  readonly end: Position;
}

/** The next line for what was added, without its newline, and the end that it makes. */
export function writeLine(added: Omit<Entry, "sequence" | "prev">, after: Position): Line {
  const entry: Entry = { ...added, sequence: after.sequence + 1, prev: after.head };
  const text = canonicalJson(entry as unknown as JsonObject);
  return { entry, text, offset: after.offset, end: endOf(text, after) };
}

/**
 * Reads the line that must follow.
 *
 * @throws MlsignError `store-broken` with the place, where it does not follow or is no entry.
 */
export function readLine(text: string, after: Position): Line {
  const at = after.offset === 0 ? "" : ` (byte ${after.offset})`;
  const place = `line ${after.sequence + 1}${at}`;
  const entry = entryOf(text, place);
  if (entry.sequence !== after.sequence + 1)
    throw broken(`${place} has the number ${entry.sequence}`);
  if (entry.prev !== after.head) {
    throw broken(
      `${place} does not follow the one before: one of them was changed, removed or inserted`,
    );
  }
  return { entry, text, offset: after.offset, end: endOf(text, after) };
}

/** @throws MlsignError `store-broken` */
export function entryOf(text: string, place: string): Entry {
  let value: unknown;
  try {
    value = parseJson(text, { maxBytes: MOST_LINE_BYTES, maxDepth: 4 });
  } catch (error) {
    if (error instanceof MlsignError) throw broken(`${place} is no JSON`);
    throw error;
  }
  if (!isRecord(value)) throw broken(`${place} is no entry`);
  const { sequence, prev, at, sha256: hash, source, status, time } = value;
  const signer = signerOf(value.signer);
  const sound =
    Number.isSafeInteger(sequence) &&
    isDigest(prev) &&
    isDigest(hash) &&
    isTime(at) &&
    (time === undefined || isTime(time)) &&
    (value.again === undefined || value.again === true) &&
    typeof source === "string" &&
    STATUSES.includes(String(status)) &&
    signer !== null;
  if (!sound) throw broken(`${place} is no entry`);
  return value as unknown as Entry;
}

/** @throws MlsignError `store-broken` */
export function broken(why: string, source = "the journal"): MlsignError {
  return new MlsignError("store-broken", `Cannot trust ${printable(source)}: ${why}`, {
    hint: "restore it from a copy, and compare with the last checkpoint",
  });
}

function endOf(text: string, after: Position): Position {
  return {
    sequence: after.sequence + 1,
    head: hexOf(sha256(text)),
    offset: after.offset + Buffer.byteLength(text) + 1,
  };
}

/** `null` where it is none, `undefined` where there is none. */
function signerOf(value: unknown): StoredSigner | null | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value)) return null;
  if (typeof value.key === "string") return { key: value.key };
  const { issuer, subject } = value;
  return typeof issuer === "string" && typeof subject === "string" ? { issuer, subject } : null;
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && isHex(value, 32);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
}

const STATUSES = ["verified", "unverified", "failed"];
export const MOST_LINE_BYTES: number = 64 * 1024;
