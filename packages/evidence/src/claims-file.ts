import { type Bundle, parseBundle } from "@mlsign/bundle";
import { hexOf, messageOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { readBounded, updateFileAtomic } from "@mlsign/files";
import { sameClaim } from "./same-claim.ts";

/** One line of a claims file: a bundle, or why it is none. Nothing is verified. */
export interface ClaimLine {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly text: string;
  /** Of the line without its newline: what a line is known by, wherever it stands. */
  readonly sha256: string;
  readonly bundle: Bundle | undefined;
  readonly fault: string | undefined;
}

/**
 * Reads every line of the claims files that are there; a line that stands in two places counts
 * once. A damaged line is returned with its fault: it hides no other one.
 *
 * @throws MlsignError `limit-exceeded` or `file-unreadable`
 */
export function readClaims(files: readonly string[]): ClaimLine[] {
  const lines = new Map<string, ClaimLine>();
  for (const file of files) {
    const data = readBounded(file, MOST_BYTES);
    if (data === undefined) continue;
    for (const line of parseLines(data, file)) {
      if (!lines.has(line.sha256)) lines.set(line.sha256, line);
    }
  }
  return [...lines.values()];
}

/**
 * Appends claims, one bundle's text a line, and returns how many were new. What is there is kept
 * byte for byte; a claim of the same signer over the same payload is not written again.
 *
 * @throws MlsignError `limit-exceeded`, `locked`, `disk-full` or `file-unwritable`
 */
export function appendClaims(file: string, texts: readonly string[]): number {
  let written = 0;
  updateFileAtomic(file, MOST_BYTES, (old) => {
    const standing = old === undefined ? [] : parseLines(old, file);
    const known = standing.flatMap(({ bundle }) => bundle ?? []);
    const fresh: string[] = [];
    for (const text of texts) {
      const line = text.trimEnd();
      const bundle = parseBundle(Buffer.from(line));
      if (known.some((other) => sameClaim(other, bundle))) continue;
      known.push(bundle);
      fresh.push(line);
    }
    written = fresh.length;
    if (fresh.length === 0) return undefined;
    const before = old ?? Buffer.alloc(0);
    // A last line without its newline (a crash of another writer) must not swallow ours.
    const gap = before.length > 0 && before.at(-1) !== NEWLINE ? "\n" : "";
    return Buffer.concat([before, Buffer.from(`${gap}${fresh.join("\n")}\n`)]);
  });
  return written;
}

function parseLines(data: Buffer, file: string): ClaimLine[] {
  const lines = data.toString("utf8").split("\n");
  if (lines.length > MOST_LINES) {
    throw new MlsignError(
      "limit-exceeded",
      `Cannot read ${printable(file)}: more than ${MOST_LINES} lines`,
    );
  }
  return lines.flatMap((text, index) =>
    text.trim() === "" ? [] : [parseLine(text, file, index + 1)],
  );
}

function parseLine(text: string, file: string, line: number): ClaimLine {
  const base = { file, line, text, sha256: hexOf(sha256(text)) };
  try {
    return { ...base, bundle: parseBundle(Buffer.from(text)), fault: undefined };
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return { ...base, bundle: undefined, fault: messageOf(error) };
  }
}

const MOST_BYTES = 256 * 1024 * 1024;
const MOST_LINES = 100_000;
const NEWLINE = 0x0a;
