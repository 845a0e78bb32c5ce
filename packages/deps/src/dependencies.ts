import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import {
  decide,
  finding,
  type Finding,
  MlsignError,
  printable,
  systemCode,
  type Verdict,
} from "@mlsign/core";
import { checkFile, recognise } from "./check.ts";
import type { CheckedFile, DependencyEntry, DependencyPolicy, FileKind } from "./entry.ts";
import { findDependencyFiles, type SkippedFile } from "./find.ts";

export interface CheckOptions {
  /** Where the includes of a named file may be: its own directory unless told otherwise. */
  readonly root?: string;
  readonly policy?: DependencyPolicy;
}

export interface CheckedDependencies {
  readonly verdict: Verdict;
  /** Files that were judged, in order. */
  readonly files: readonly { readonly path: string; readonly kind: FileKind }[];
  readonly skipped: readonly SkippedFile[];
  readonly entries: readonly DependencyEntry[];
  readonly findings: readonly Finding[];
}

/**
 * Judges dependency files: those that a directory holds, and those that are named. Paths in the result
 * are relative to that directory, or to `root`.
 *
 * @throws MlsignError `usage` for a path that is no dependency file, `file-unreadable`
 */
export function checkDependencies(
  paths: string | readonly string[],
  options: CheckOptions = {},
): CheckedDependencies {
  const checked: CheckedFile[] = [];
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
  return {
    verdict: decide(findings),
    files: unique(checked.map(({ path, kind }) => ({ path, kind }))),
    skipped,
    entries: unique(checked.flatMap((file) => file.entries)),
    findings,
  };
}

interface Checked {
  readonly checked: readonly CheckedFile[];
  readonly skipped: readonly SkippedFile[];
}

function checkTree(root: string, { policy }: CheckOptions): Checked {
  const { found, skipped } = findDependencyFiles(root);
  const read = readerOf(root);
  const unreadable: SkippedFile[] = [];
  const checked = found.flatMap(({ path, kind }) => {
    const bytes = readOrReason(join(root, path));
    if (typeof bytes !== "string") {
      return [checkFile(path, bytes, { read, ...(policy && { policy }) }, kind)];
    }
    unreadable.push({ path, reason: `cannot be read: ${bytes}`, unread: true });
    return [];
  });
  return { checked, skipped: [...skipped, ...unreadable] };
}

/** A file by its own name. */
function checkNamed(path: string, options: CheckOptions): Checked {
  const { policy } = options;
  const absolute = resolve(path);
  const within = relative(resolve(options.root ?? dirname(absolute)), absolute);
  const inside = !within.startsWith("..") && !isAbsolute(within);
  const root = inside ? (options.root ?? dirname(absolute)) : dirname(absolute);
  const name = inside ? within.split(sep).join("/") : basename(absolute);
  const bytes = readOrReason(path);
  if (typeof bytes === "string") {
    throw new MlsignError("file-unreadable", `Cannot read "${printable(path)}": ${bytes}`);
  }
  const context = { read: readerOf(root), ...(policy && { policy }) };
  // What somebody names is judged, whatever it is called: pip takes any name.
  const kind = recognise(name, bytes) ?? (name.endsWith(".txt") ? "requirements" : undefined);
  return { checked: [checkFile(name, bytes, context, kind)], skipped: [] };
}

/** Reads files of a tree, never through a link that leads out of it. */
function readerOf(root: string): (path: string) => Uint8Array | undefined {
  return (path) => {
    try {
      const real = realpathSync(join(root, path));
      const base = realpathSync(root);
      return real.startsWith(base.endsWith(sep) ? base : base + sep)
        ? readFileSync(real)
        : undefined;
    } catch {
      return undefined;
    }
  };
}

function readOrReason(path: string): Buffer | string {
  try {
    return readFileSync(path);
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
