import { MlsignError, printable } from "@mlsign/core";

/** Whether a version is within a range; the empty range holds every version. */
export type VersionRange = (version: string) => boolean;

/**
 * A range: constraints that must all hold, separated by commas (`>=2.0,<2.4`), alternatives by `|`;
 * `=`, `!=`, `<`, `<=`, `>`, `>=`, or a bare version, which is equality. Versions are compared as PyPI
 * and Semantic Versioning both have it: numbers as numbers, pre-releases before their release.
 *
 * @throws MlsignError `usage`
 */
export function versionRange(text: string): VersionRange {
  if (text.trim() === "" || text.trim() === "*") return () => true;
  const alternatives = text.split("|").map((part) => part.split(",").map(constraint));
  return (version) => alternatives.some((all) => all.every((holds) => holds(version)));
}

/** Negative, zero or positive, as `sort` wants it. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = comparePart(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function constraint(text: string): VersionRange {
  const match = /^\s*(==?|!=|<=|>=|<|>)?\s*([^\s<>=!]+)\s*$/.exec(text);
  if (match === null || text.length > MOST_CHARACTERS) {
    throw new MlsignError("usage", `Cannot read the version range "${printable(text)}"`, {
      hint: "write it like >=2.0,<2.4, alternatives with |",
    });
  }
  const [, operator = "=", wanted = ""] = match;
  return (version) => {
    const order = compareVersions(version, wanted);
    switch (operator) {
      case "!=":
        return order !== 0;
      case "<":
        return order < 0;
      case "<=":
        return order <= 0;
      case ">":
        return order > 0;
      case ">=":
        return order >= 0;
      default:
        return order === 0;
    }
  };
}

type Part = number | bigint | string;

/** Epoch first; a build or local part (`+cu121`) says nothing of order. */
function parts(version: string): Part[] {
  const text = version
    .slice(0, MOST_CHARACTERS)
    .toLowerCase()
    .replace(/^v(?=\d)/, "");
  const [, epoch = "0", release = ""] = /^(?:(\d+)!)?([^+]*)/.exec(text) ?? [];
  const found = release.match(/\d+|[a-z]+/g) ?? [];
  return [number(epoch), ...found.map((part) => (/^\d/.test(part) ? number(part) : part))];
}

function number(digits: string): number | bigint {
  return digits.length < 16 ? Number(digits) : BigInt(digits);
}

/** A word is before nothing (`1.0rc1` before `1.0`), unless it says that it is after (`1.0.post1`). */
function comparePart(a: Part | undefined, b: Part | undefined): number {
  if (typeof a === "string" || typeof b === "string") {
    if (typeof a === "string" && typeof b === "string") {
      return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
    }
    if (typeof a === "string") return rank(a) < FINAL ? -1 : 1;
    return rank(b as string) < FINAL ? 1 : -1;
  }
  const [x, y] = [a ?? 0, b ?? 0];
  return x < y ? -1 : x > y ? 1 : 0;
}

function rank(word: string): number {
  const at = WORDS.findIndex((words) => words.includes(word));
  return at === -1 ? UNKNOWN : at;
}

const WORDS = [["dev"], ["a", "alpha"], ["b", "beta"], ["c", "rc", "pre", "preview"]];
/** A word that nobody knows is a pre-release, as Semantic Versioning has it. */
const UNKNOWN: number = WORDS.length;
WORDS.push([], ["final", "ga", "release"], ["post", "r", "rev", "sp"]);
const FINAL = 5;
const MOST_CHARACTERS = 256;
