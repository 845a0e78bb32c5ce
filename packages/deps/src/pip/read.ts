import { posix } from "node:path";
import type { CheckContext } from "../entry.ts";
import type { Sheet } from "../sheet.ts";
import { decodeRequirements } from "./decode.ts";
import { parseLine, type PipLine } from "./line.ts";
import { logicalLines, VARIABLE } from "./lines.ts";

/** A line with the file that holds it. */
export type PlacedLine = PipLine & {
  readonly path: string;
  /** From a `-c` file: it restricts, but installs nothing. */
  readonly constraint: boolean;
};

/**
 * The lines of a requirements file and of all that it includes, in pip's order. An include that
 * is a URL, is outside the tree, is not there, or comes round again, is told in the sheet.
 */
export function readLines(
  sheet: Sheet,
  bytes: Uint8Array,
  context: CheckContext,
  constraint: boolean,
): PlacedLine[] {
  const reading: Reading = { sheet, context, lines: [], files: 0 };
  readFile(reading, sheet.path, bytes, constraint, []);
  return reading.lines;
}

interface Reading {
  readonly sheet: Sheet;
  readonly context: CheckContext;
  readonly lines: PlacedLine[];
  files: number;
}

function readFile(
  reading: Reading,
  path: string,
  bytes: Uint8Array,
  constraint: boolean,
  above: readonly string[],
): void {
  const decoded = decodeRequirements(bytes);
  if ("problem" in decoded) {
    reading.sheet.problem("dependency-file", `"${path}" ${decoded.problem}`, {
      path,
      fix: "save the file as UTF-8",
    });
    return;
  }
  for (const logical of logicalLines(decoded.text)) {
    const line = parseLine(logical);
    const include = includeOf(line);
    reading.lines.push({ ...line, path, constraint });
    if (include !== undefined) follow(reading, { ...include, path, line: line.line, above });
  }
}

interface Include {
  readonly target: string;
  readonly constraint: boolean;
}

/** pip follows the first `-r` of a line, or else the first `-c`, and drops the line's other options. */
function includeOf(line: PipLine): Include | undefined {
  if ("problem" in line || line.requirement !== "" || line.options.editables.length > 0) {
    return undefined;
  }
  const [requirements] = line.options.requirements;
  if (requirements !== undefined) return { target: requirements, constraint: false };
  const [constraints] = line.options.constraints;
  return constraints === undefined ? undefined : { target: constraints, constraint: true };
}

function follow(
  reading: Reading,
  at: Include & { path: string; line: number; above: readonly string[] },
): void {
  const { sheet, context } = reading;
  const { target, path, line } = at;
  if (/^(?:https?|file):/i.test(target)) {
    sheet.problem("dependency-option", `"${target}" is included from a URL, which no hash covers`, {
      path,
      line,
      fix: "keep the file in the repository",
    });
    return;
  }
  const included = posix.normalize(posix.join(posix.dirname(path), target));
  if (target.search(VARIABLE) >= 0 || posix.isAbsolute(target) || /^\.\.(?:\/|$)/.test(included)) {
    sheet.undecided(`"${target}" is included from outside of the tree`, { path, line });
    return;
  }
  const above = [...at.above, path];
  if (above.includes(included)) {
    sheet.problem("dependency-file", `"${included}" includes itself`, { path, line });
    return;
  }
  reading.files += 1;
  if (reading.files > MAX_INCLUDES) {
    if (reading.files > MAX_INCLUDES + 1) return;
    sheet.problem("dependency-file", `more than ${MAX_INCLUDES} files are included`, {
      path,
      line,
    });
    return;
  }
  const bytes = context.read?.(included);
  if (bytes === undefined) {
    sheet.problem("dependency-file", `"${included}" is included and is not there`, { path, line });
    return;
  }
  readFile(reading, included, bytes, at.constraint, above);
}

const MAX_INCLUDES = 500;
