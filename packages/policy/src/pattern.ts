/** A pattern that text is matched with in time linear in the text; never a `RegExp` of the caller's. */
export type Pattern = readonly Atom[];

interface Atom {
  readonly accepts: (character: string) => boolean;
  readonly optional: boolean;
  readonly repeats: boolean;
}

/**
 * Reads an anchored expression: `^…$` with literals, `\` before a sign, `.`, `[a-z0-9_]`, `[^/]`,
 * and `*`, `+`, `?` after one of these. Groups, alternatives, counts and look-arounds are refused.
 *
 * @throws SyntaxError
 */
export function parsePattern(text: string): Pattern {
  const signs = Array.from(text);
  if (signs.length < 3 || signs[0] !== "^" || signs.at(-1) !== "$" || signs.at(-2) === "\\")
    throw new SyntaxError("must be anchored: ^…$");
  if (signs.length > MOST_SIGNS) throw new SyntaxError(`is longer than ${MOST_SIGNS} characters`);
  const atoms: Atom[] = [];
  const end = signs.length - 1;
  let at = 1;
  while (at < end) {
    const [accepts, next] = readAtom(signs, at, end);
    const sign = next < end ? (signs[next] as string) : "";
    const quantified = "*+?".includes(sign) && sign !== "";
    atoms.push({
      accepts,
      optional: sign === "*" || sign === "?",
      repeats: sign === "*" || sign === "+",
    });
    at = quantified ? next + 1 : next;
  }
  return atoms;
}

/** Whether the whole text is matched: all the ways at once, a state each, so never exponential. */
export function matches(pattern: Pattern, text: string): boolean {
  let states = skipOptional(pattern, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const state of states) {
      const atom = pattern[state];
      if (atom === undefined || !atom.accepts(character)) continue;
      next.add(state + 1);
      if (atom.repeats) next.add(state);
    }
    if (next.size === 0) return false;
    states = skipOptional(pattern, next);
  }
  return states.has(pattern.length);
}

/** `refs/tags/v*`: a star at the end stands for one or more characters that are no `/`. */
export function matchesGlob(glob: string, text: string): boolean {
  if (!glob.endsWith("*")) return glob === text;
  const stem = glob.slice(0, -1);
  return text.startsWith(stem) && /^[^/]+$/.test(text.slice(stem.length));
}

/** Adds what is reached by passing over optional atoms. */
function skipOptional(pattern: Pattern, states: Set<number>): Set<number> {
  // A set that grows while it is walked is walked to its new end.
  for (const state of states) if (pattern[state]?.optional === true) states.add(state + 1);
  return states;
}

function readAtom(signs: readonly string[], at: number, end: number): [Atom["accepts"], number] {
  const sign = signs[at] as string;
  if (sign === ".") return [(c) => c !== "\n", at + 1];
  if (sign === "[") return readClass(signs, at, end);
  if (sign === "\\") {
    const escaped = signs[at + 1] ?? "";
    if (at + 1 >= end || /[\p{L}\p{N}]/u.test(escaped))
      throw new SyntaxError(`has "\\${escaped}", which is no escaped sign`);
    return [(c) => c === escaped, at + 2];
  }
  if ("()|{}*+?^$]".includes(sign)) throw new SyntaxError(`has "${sign}", which is not supported`);
  return [(c) => c === sign, at + 1];
}

function readClass(signs: readonly string[], at: number, end: number): [Atom["accepts"], number] {
  const close = signs.indexOf("]", at + 1);
  if (close === -1 || close >= end) throw new SyntaxError('has "[" without "]"');
  let inside = signs.slice(at + 1, close);
  const negated = inside[0] === "^";
  if (negated) inside = inside.slice(1);
  if (inside.length === 0 || inside.includes("\\") || inside.includes("["))
    throw new SyntaxError("has a class that is not supported");
  const ranges: [string, string][] = [];
  for (let i = 0; i < inside.length; i += 1) {
    const from = inside[i] as string;
    const ranged = inside[i + 1] === "-" && i + 2 < inside.length;
    const to = ranged ? (inside[i + 2] as string) : from;
    if (to < from) throw new SyntaxError("has a range that is out of order");
    ranges.push([from, to]);
    if (ranged) i += 2;
  }
  return [(c) => c !== "\n" && ranges.some(([a, b]) => a <= c && c <= b) !== negated, close + 1];
}

const MOST_SIGNS = 512;
