import { isUtf8 } from "node:buffer";
import { lstatSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import { compileRule, type IgnoreRule, matchesRule } from "./ignore-rule.ts";

/** What DVC leaves out of a data directory. */
export interface IgnoreRules {
  /** Whether a name below the data directory is left out; its directories are asked first. */
  ignores(relpath: string, isDirectory: boolean): boolean;
}

/**
 * The rules for a data directory: DVC's own, and those of each `.dvcignore` from DVC's root down to
 * the directory's parent. DVC's root is the nearest directory with a `.dvc` in it, never above `within`;
 * without `within` no file is read.
 *
 * @throws MlsignError `dvc-invalid`, `file-unreadable`
 */
export function ignoreRules(data: string, within: string | undefined): IgnoreRules {
  const full = resolve(data);
  const root = within === undefined ? undefined : findRoot(full, resolve(within));
  const prefix = root === undefined ? "" : `${slashed(relative(root, full))}/`;
  const rules = DEFAULTS.flatMap((line) => compileRule(line) ?? []);
  if (root !== undefined) {
    for (const folder of foldersBetween(root, dirname(full))) {
      const below = slashed(relative(root, folder));
      // What is ignored from further up is not read.
      if (!isIgnored(rules, `${below}/.dvcignore`.replace(/^\//, ""))) {
        rules.push(...readRules(folder, below));
      }
    }
  }
  return {
    ignores(relpath, isDirectory) {
      return decides(rules, prefix + relpath, isDirectory);
    },
  };
}

/** Whether a file, or one of the directories above it, is ignored. */
function isIgnored(rules: readonly IgnoreRule[], path: string): boolean {
  const parts = path.split("/");
  return parts.some((_, at) =>
    decides(rules, parts.slice(0, at + 1).join("/"), at < parts.length - 1),
  );
}

/** The last rule that is about a path decides. */
function decides(rules: readonly IgnoreRule[], path: string, isDirectory: boolean): boolean {
  return rules.findLast((rule) => matchesRule(rule, path, isDirectory))?.negated === false;
}

function findRoot(data: string, within: string): string | undefined {
  for (let folder = dirname(data); isIn(folder, within); folder = dirname(folder)) {
    if (isDirectory(join(folder, ".dvc"))) return folder;
    if (folder === dirname(folder)) break;
  }
  return undefined;
}

function isIn(folder: string, within: string): boolean {
  return folder === within || folder.startsWith(within.endsWith(sep) ? within : within + sep);
}

function* foldersBetween(root: string, last: string): Generator<string> {
  yield root;
  const parts = relative(root, last).split(sep);
  for (let count = 1; parts[0] !== "" && count <= parts.length; count += 1) {
    yield join(root, ...parts.slice(0, count));
  }
}

function readRules(folder: string, below: string): IgnoreRule[] {
  return linesOf(join(folder, ".dvcignore")).flatMap((line) => {
    const rule = compileRule(line);
    if (rule === undefined || below === "") return rule ?? [];
    return compileRule(rebase(line, below)) ?? [];
  });
}

/** A rule of a directory as one of the root, in DVC's way: as text. */
function rebase(line: string, below: string): string {
  const negated = line.startsWith("!");
  const text = negated ? line.slice(1) : line;
  const anchored = text.slice(0, -1).includes("/") && !text.startsWith("**/");
  const rule = text.replace(anchored ? /^\// : /^\*\*\//, "").replace(/^\\/, "");
  return `${negated ? "!" : ""}/${below}/${anchored ? "" : "**/"}${rule}`;
}

function linesOf(file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT") return [];
    throw new MlsignError("file-unreadable", `Cannot read ${printable(file)}: ${code}`, { cause });
  }
  if (bytes.length > MOST_BYTES || !isUtf8(bytes)) {
    const why = isUtf8(bytes) ? `${bytes.length} bytes` : "not well-formed UTF-8";
    throw new MlsignError("dvc-invalid", `Cannot read ${printable(file)}: ${why}`);
  }
  return bytes
    .toString("utf8")
    .split(/\r\n|\r|\n/)
    .map(strip)
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Python's `str.strip`. */
function strip(line: string): string {
  let [start, end] = [0, line.length];
  while (start < end && isSpace(line.charAt(start))) start += 1;
  while (end > start && isSpace(line.charAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isSpace(character: string): boolean {
  return (
    (/\s/.test(character) && character !== "\ufeff") || "\x1c\x1d\x1e\x1f\x85".includes(character)
  );
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}

const DEFAULTS = [".hg/", ".git/", ".git", ".dvc/"];
const MOST_BYTES = 1024 * 1024;
