import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { byUtf8, MlsignError, printable, systemCode } from "@mlsign/core";
import { recognise } from "./check.ts";
import type { FileKind } from "./entry.ts";
import { kindOfName, whySkipped } from "./kind.ts";

export interface FoundFile {
  /** Relative to the root, `/`-separated. */
  readonly path: string;
  readonly kind: FileKind;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
  /** Whether it may hold dependencies that nobody judged. */
  readonly unread: boolean;
}

export interface FoundFiles {
  readonly found: readonly FoundFile[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Walks a directory for dependency files, by name, and for YAML by content. Links are not followed, and
 * installed packages are not looked into; what was left out is told with its reason.
 *
 * @throws MlsignError `file-unreadable` for the root, `limit-exceeded` beyond a million names.
 */
export function findDependencyFiles(root: string): FoundFiles {
  const walk: Walk = { root, found: [], skipped: [], names: 0 };
  visit(walk, "");
  const order = (a: { path: string }, b: { path: string }): number => byUtf8(a.path, b.path);
  return { found: walk.found.toSorted(order), skipped: walk.skipped.toSorted(order) };
}

interface Walk {
  readonly root: string;
  readonly found: FoundFile[];
  readonly skipped: SkippedFile[];
  names: number;
}

function visit(walk: Walk, prefix: string): void {
  for (const entry of entriesOf(walk, prefix)) {
    const path = prefix + entry.name;
    walk.names += 1;
    if (walk.names > MAX_NAMES) {
      throw new MlsignError(
        "limit-exceeded",
        `Cannot look for files: more than ${MAX_NAMES} names`,
      );
    }
    if (entry.isDirectory()) {
      const reason = SKIPPED_DIRECTORIES.get(entry.name);
      if (reason === undefined) visit(walk, `${path}/`);
      else walk.skipped.push({ path, reason, unread: false });
    } else if (entry.isFile()) {
      look(walk, path);
    } else if (entry.isSymbolicLink() && kindOfName(path) !== undefined) {
      walk.skipped.push({ path, reason: "a symbolic link", unread: true });
    }
  }
}

function look(walk: Walk, path: string): void {
  const named = kindOfName(path);
  const skipped = whySkipped(path);
  if (skipped !== undefined) {
    walk.skipped.push({ path, reason: skipped, unread: false });
  } else if (named === "yaml" || named === "text") {
    lookInside(walk, path);
  } else if (named !== undefined) {
    walk.found.push({ path, kind: named });
  }
}

function lookInside(walk: Walk, path: string): void {
  try {
    const file = join(walk.root, path);
    if (statSync(file).size > MAX_CONTENT) {
      walk.skipped.push({ path, reason: "too large to be told by its content", unread: true });
      return;
    }
    const kind = recognise(path, readFileSync(file));
    if (kind !== undefined) walk.found.push({ path, kind });
  } catch (error) {
    walk.skipped.push({ path, reason: unreadable(error), unread: true });
  }
}

function entriesOf(walk: Walk, prefix: string) {
  try {
    return readdirSync(join(walk.root, prefix), { withFileTypes: true });
  } catch (error) {
    if (prefix === "") {
      const code = systemCode(error) ?? "unknown error";
      const message = `Cannot list "${printable(walk.root)}": ${code}`;
      throw new MlsignError("file-unreadable", message, { cause: error });
    }
    walk.skipped.push({ path: prefix.slice(0, -1), reason: unreadable(error), unread: true });
    return [];
  }
}

function unreadable(error: unknown): string {
  return `cannot be read: ${systemCode(error) ?? "unknown error"}`;
}

const SKIPPED_DIRECTORIES: ReadonlyMap<string, string> = new Map([
  [".git", "git's own files"],
  ["node_modules", "installed packages"],
  ["site-packages", "installed packages"],
  [".venv", "a virtual environment"],
  ["venv", "a virtual environment"],
  [".tox", "virtual environments"],
  ["__pycache__", "compiled files"],
]);
const MAX_NAMES = 1_000_000;
const MAX_CONTENT = 16 * 1024 * 1024;
