import { lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import {
  decide,
  finding,
  type Finding,
  hexOf,
  MlsignError,
  printable,
  sha256,
  systemCode,
  type Verdict,
} from "@mlsign/core";
import { checkFile, recognise } from "./check.ts";
import type { CheckedFile, DependencyEntry, DependencyPolicy, FileKind } from "./entry.ts";
import { findDependencyFiles, type SkippedFile } from "./find.ts";

export interface CheckOptions {
  /**
   * What paths are told from, and where included files may be. Unless told otherwise: the directory
   * that is looked through, or that of a named file.
   */
  readonly root?: string;
  readonly policy?: DependencyPolicy;
}

export interface JudgedFile {
  readonly path: string;
  readonly kind: FileKind;
  /** Of the very bytes that were judged, in hex. */
  readonly sha256: string;
}

export interface CheckedDependencies {
  readonly verdict: Verdict;
  /** Files that were judged, in order. */
  readonly files: readonly JudgedFile[];
  /** Files that those include, with the SHA-256 of the bytes that were read. */
  readonly included: readonly { readonly path: string; readonly sha256: string }[];
  readonly skipped: readonly SkippedFile[];
  readonly entries: readonly DependencyEntry[];
  readonly findings: readonly Finding[];
}

/**
 * Judges dependency files: those that a directory holds, and those that are named. Paths in the result
 * are relative to `root`.
 *
 * @throws MlsignError `usage` for a path that is no dependency file, `file-unreadable`
 */
export function checkDependencies(
  paths: string | readonly string[],
  options: CheckOptions = {},
): CheckedDependencies {
  const checked: Judged[] = [];
  const skipped: SkippedFile[] = [];
  for (const path of typeof paths === "string" ? [paths] : paths) {
    const one = isDirectory(path) ? checkTree(path, options) : checkNamed(path, options);
    checked.push(...one.checked);
    skipped.push(...one.skipped);
  }
  const findings = [
    ...unique(checked.flatMap((file) => file.findings)),
    ...skipped.flatMap(unread),
  ];
  const files = unique(checked.map(({ path, kind, sha256 }) => ({ path, kind, sha256 })));
  const judged = new Set(files.map(({ path }) => path));
  return {
    verdict: decide(findings),
    files,
    included: unique(checked.flatMap((file) => file.included)).filter(
      ({ path }) => !judged.has(path),
    ),
    skipped,
    entries: unique(checked.flatMap((file) => file.entries)),
    findings,
  };
}

interface Judged extends CheckedFile {
  readonly sha256: string;
  readonly included: CheckedDependencies["included"];
}

interface Checked {
  readonly checked: readonly Judged[];
  readonly skipped: readonly SkippedFile[];
}

function checkTree(directory: string, options: CheckOptions): Checked {
  const { found, skipped } = findDependencyFiles(directory);
  const { root, name } = placeOf(directory, options.root ?? directory, directory);
  const named = (path: string): string => (name === "" ? path : `${name}/${path}`);
  const unreadable: SkippedFile[] = [];
  const checked = found.flatMap(({ path, kind }) => {
    const bytes = readOrReason(join(directory, path));
    if (typeof bytes !== "string")
      return [judge({ path: named(path), bytes, root, kind }, options)];
    unreadable.push({ path, reason: `cannot be read: ${bytes}`, unread: true });
    return [];
  });
  const left = [...skipped, ...unreadable].map((file) => ({ ...file, path: named(file.path) }));
  return { checked, skipped: left };
}

/** A file by its own name. */
function checkNamed(path: string, options: CheckOptions): Checked {
  const { root, name } = placeOf(path, options.root ?? dirname(resolve(path)), dirname(path));
  const bytes = readOrReason(path);
  if (typeof bytes === "string") {
    throw new MlsignError("file-unreadable", `Cannot read "${printable(path)}": ${bytes}`);
  }
  // What somebody names is judged, whatever it is called: pip takes any name.
  const kind = recognise(name, bytes) ?? (name.endsWith(".txt") ? "requirements" : undefined);
  return { checked: [judge({ path: name, bytes, root, kind }, options)], skipped: [] };
}

interface ReadFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly root: string;
  readonly kind: FileKind | undefined;
}

function judge({ path, bytes, root, kind }: ReadFile, { policy }: CheckOptions): Judged {
  const included = new Map<string, string>();
  const reader = readerOf(root);
  const read = (wanted: string): Uint8Array | undefined => {
    const content = reader(wanted);
    if (content !== undefined) included.set(wanted, hexOf(sha256(content)));
    return content;
  };
  return {
    ...checkFile(path, bytes, { read, ...(policy && { policy }) }, kind),
    sha256: hexOf(sha256(bytes)),
    included: [...included].map(([name, hex]) => ({ path: name, sha256: hex })),
  };
}

/** The root that a path is told from, and its name there; its own folder where it lies outside. */
function placeOf(path: string, root: string, own: string): { root: string; name: string } {
  const within = relative(resolve(root), resolve(path));
  if (within.split(sep)[0] !== ".." && !isAbsolute(within)) {
    return { root, name: within.split(sep).join("/") };
  }
  return { root: own, name: relative(resolve(own), resolve(path)) };
}

/** Reads files of a tree, never through a link that leads out of it. */
function readerOf(root: string): (path: string) => Uint8Array | undefined {
  return (path) => {
    try {
      const real = realpathSync(join(root, path));
      const base = realpathSync(root);
      if (!real.startsWith(base.endsWith(sep) ? base : base + sep)) return undefined;
      const bytes = readOrReason(real);
      return typeof bytes === "string" ? undefined : bytes;
    } catch {
      return undefined;
    }
  };
}

function readOrReason(path: string): Buffer | string {
  try {
    // A FIFO would be waited for.
    return statSync(path).isFile() ? readFileSync(path) : "not a regular file";
  } catch (error) {
    return systemCode(error) ?? "unknown error";
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path.endsWith("/") ? path : `${path}/`).isDirectory();
  } catch {
    return false;
  }
}

/** What may hold dependencies and was not read keeps the verdict from being accepted. */
function unread({ path, reason, unread: open }: SkippedFile): Finding[] {
  if (!open) return [];
  const message = printable(`"${path}" was not judged: ${reason}`);
  return [finding("dependency-unknown", "unknown", message, { location: { path }, subject: path })];
}

/** A file that another one includes is judged twice, and told once. */
function unique<T>(values: readonly T[]): T[] {
  const seen = new Map<string, T>();
  for (const value of values) {
    const key = JSON.stringify(value);
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}
