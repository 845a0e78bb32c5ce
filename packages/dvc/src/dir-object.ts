import { createHash } from "node:crypto";
import { isRecord, MlsignError, parseJson } from "@mlsign/core";
import { byCodePoint, pythonJsonString } from "./python-text.ts";

/** A file of a directory that DVC tracks. */
export interface DirEntry {
  /** `/`-separated, below the directory; undecodable bytes as lone surrogates. */
  readonly relpath: string;
  readonly md5: string;
}

/**
 * The content of a `.dir` object: Python's `json.dumps(list, sort_keys=True)`, sorted by relpath
 * in code points (lineage.md 1.4). Names are inside it, unlike in an OMS root.
 */
export function dirJson(entries: readonly DirEntry[]): string {
  const sorted = entries.toSorted((a, b) => byCodePoint(a.relpath, b.relpath));
  const items = sorted.map(
    ({ relpath, md5 }) =>
      `{"md5": ${pythonJsonString(md5)}, "relpath": ${pythonJsonString(relpath)}}`,
  );
  return `[${items.join(", ")}]`;
}

/** `<md5>.dir`: what DVC calls the directory. An identifier, never integrity. */
export function dirOid(entries: readonly DirEntry[]): string {
  return `${createHash("md5").update(dirJson(entries), "ascii").digest("hex")}.dir`;
}

/**
 * Reads a `.dir` object that somebody stored: only what its name is the hash of, with safe,
 * distinct names that are text (a name of undecodable bytes is refused).
 *
 * @throws MlsignError `dvc-invalid`
 */
export function parseDirObject(content: Uint8Array, oid: string): DirEntry[] {
  const actual = `${createHash("md5").update(content).digest("hex")}.dir`;
  if (actual !== oid) throw invalid(`its hash is ${actual}, not ${oid}`);
  const list = parseJson(content, { maxBytes: MOST_BYTES, maxDepth: 3 });
  if (!Array.isArray(list)) throw invalid("it is not a list");
  const seen = new Set<string>();
  return list.map((item: unknown) => {
    if (!isRecord(item)) throw invalid("an entry is not an object");
    const { relpath, md5 } = item;
    if (typeof relpath !== "string" || typeof md5 !== "string")
      throw invalid("an entry lacks a field");
    if (!/^[0-9a-f]{32}$/.test(md5)) throw invalid(`"${md5.slice(0, 40)}" is no MD5 digest`);
    if (!isSafe(relpath)) throw invalid(`the name ${JSON.stringify(relpath)} leads elsewhere`);
    if (seen.has(relpath)) throw invalid(`the name ${JSON.stringify(relpath)} is there twice`);
    seen.add(relpath);
    return { relpath, md5 };
  });
}

function isSafe(path: string): boolean {
  if (path === "" || path.includes("\\") || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function invalid(why: string): MlsignError {
  return new MlsignError("dvc-invalid", `Cannot read directory object: ${why}`);
}

const MOST_BYTES = 256 * 1024 * 1024;
