import { pypiName } from "../purl.ts";
import type { PlacedLine } from "./read.ts";

/** Which kinds of distribution pip may take for a project: options of any line count for all. */
export interface FormatControl {
  /** No source distribution is ever taken: nothing is built. */
  onlyBinary(name: string): boolean;
  /** Wheels are never taken: it is always built. */
  noBinary(name: string): boolean;
}

/** pip's `FormatControl`: `:all:`, `:none:` and names, later ones winning. */
export function formatControl(lines: readonly PlacedLine[]): FormatControl {
  const noBinary = new Set<string>();
  const onlyBinary = new Set<string>();
  for (const line of lines) {
    if ("problem" in line) continue;
    for (const value of line.options.noBinary) apply(value, noBinary, onlyBinary);
    for (const value of line.options.onlyBinary) apply(value, onlyBinary, noBinary);
  }
  return {
    onlyBinary: (name) => covers(name, onlyBinary, noBinary),
    noBinary: (name) => covers(name, noBinary, onlyBinary),
  };
}

function covers(name: string, set: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const canonical = pypiName(name);
  return set.has(canonical) || (set.has(":all:") && !other.has(canonical));
}

function apply(value: string, target: Set<string>, other: Set<string>): void {
  let names = value.split(",");
  for (let all = names.indexOf(":all:"); all >= 0; all = names.indexOf(":all:")) {
    other.clear();
    target.clear();
    target.add(":all:");
    names = names.slice(all + 1);
    if (!names.includes(":none:")) return;
  }
  for (const name of names) {
    if (name === ":none:") {
      target.clear();
      continue;
    }
    other.delete(pypiName(name));
    target.add(pypiName(name));
  }
}
