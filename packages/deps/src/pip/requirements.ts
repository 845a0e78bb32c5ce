import type { CheckContext, Hash } from "../entry.ts";
import { judgeDigest } from "../hashes.ts";
import { pypiName } from "../purl.ts";
import type { Sheet } from "../sheet.ts";
import { formatControl } from "./format-control.ts";
import { judgeOptions } from "./judge-options.ts";
import { judgeRequirement, type Run } from "./judge.ts";
import { type PlacedLine, readLines } from "./read.ts";
import { parseRequirement } from "./requirement.ts";

/**
 * Judges a requirements file as pip reads it, with its includes, for all environments: markers
 * do not excuse a line, and variables are not expanded.
 */
export function checkRequirements(sheet: Sheet, bytes: Uint8Array, context: CheckContext): void {
  const lines = readLines(sheet, bytes, context, false);
  const run: Run = {
    sheet,
    formats: formatControl(lines),
    constraints: constraintHashes(lines),
    buildable: [],
  };
  for (const line of lines) {
    if (line.requirement === "" && !("problem" in line) && line.options.editables.length === 0) {
      judgeOptions(sheet, line);
    } else if (!line.constraint) {
      judgeRequirement(run, line);
    }
  }
  tellBuildable(run);
}

/** Hashes that `-c` files give, by project: pip 26.1 and later count them. */
function constraintHashes(lines: readonly PlacedLine[]): Map<string, Hash[]> {
  const hashes = new Map<string, Hash[]>();
  for (const line of lines) {
    if (!line.constraint || "problem" in line || line.options.hashes.length === 0) continue;
    const found = parseRequirement(line.requirement);
    if (found.kind !== "index") continue;
    const judged = line.options.hashes.map(({ algorithm, hex }) => judgeDigest(algorithm, hex));
    if (judged.some(({ verdict }) => verdict !== "strong")) continue;
    hashes.set(
      pypiName(found.name),
      judged.map(({ hash }) => hash),
    );
  }
  return hashes;
}

/**
 * The hash of a requirement may be a wheel's or an sdist's; the file alone does not say. Where
 * sdists are not ruled out, one finding a file says so.
 */
function tellBuildable({ sheet, buildable }: Run): void {
  const [first] = buildable;
  if (first === undefined || sheet.policy.allowBuilds === true) return;
  sheet.problem(
    "dependency-build-unpinned",
    `${buildable.length} requirements, ${first.name} first, may be built from an sdist, ` +
      "with requirements that no hash covers",
    {
      path: first.path,
      line: first.line,
      severity: "warning",
      fix: "add the line --only-binary :all:",
    },
  );
}
