import type { LogicalLine } from "./lines.ts";
import { type LineOptions, parseOptions, type PipVersion } from "./options.ts";
import { shlexSplit } from "./shlex.ts";

/** A line as pip's parser yields it, or the reason why pip stops here. */
export type PipLine =
  | { readonly line: number; readonly requirement: string; readonly options: LineOptions }
  | { readonly line: number; readonly requirement: string; readonly problem: string };

/** Splits a line at the first space-separated word that starts with `-`, and parses what follows. */
export function parseLine({ line, text }: LogicalLine, version: PipVersion = "26.3"): PipLine {
  const words = text.split(" ");
  const first = words.findIndex((word) => word.startsWith("-"));
  const cut = first < 0 ? words.length : first;
  const requirement = words.slice(0, cut).join(" ");
  const split = shlexSplit(words.slice(cut).join(" "));
  if (split === undefined) {
    return { line, requirement, problem: "a quote or an escape is not closed" };
  }
  const options = parseOptions(split, version);
  if (typeof options === "string") return { line, requirement, problem: options };
  return { line, requirement, options };
}
