import { MlsignError, printable } from "@mlsign/core";

/** One line of a `.dvcignore`, ready to be matched against paths below DVC's root. */
export interface IgnoreRule {
  /** Whether the line takes files in again (`!`). */
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
  readonly segments: readonly Segment[];
}

type Segment = "**" | readonly Token[];
type Token = "*" | "?" | Literal | CharacterSet;

interface Literal {
  readonly literal: string;
}

interface CharacterSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [first: string, last: string])[];
}

/**
 * Compiles a line as DVC does, which is nearly as git does (gitignore(5)); `undefined` for what DVC
 * passes over. No regular expression is made of it: patterns are a stranger's.
 *
 * @throws MlsignError `dvc-invalid` for what DVC itself stops at
 */
export function compileRule(line: string): IgnoreRule | undefined {
  const negated = line.startsWith("!");
  const text = negated ? line.slice(1) : line;
  if (text === "" || text === "/") return undefined;
  const parts = text.split("/");
  if (parts[0] === "") parts.shift();
  // Without a slash but at its end, a name is meant at any depth.
  else if (text.slice(0, -1).indexOf("/") < 0 && parts[0] !== "**") parts.unshift("**");
  const directoriesOnly = text.endsWith("/");
  if (directoriesOnly) parts[parts.length - 1] = "**";
  const kept = parts.filter((part, at) => part !== "**" || parts[at - 1] !== "**");
  // `**/` and `*/` become expressions that DVC anchors, so that they never match.
  if (directoriesOnly && /^\*\*(?:\/\*\/\*\*)?$/.test(kept.join("/"))) {
    return { negated, directoriesOnly, segments: [[]] };
  }
  const segments: Segment[] = [];
  for (const part of kept) {
    const tokens = part === "**" ? part : tokensOf(part, line);
    if (tokens === undefined) return undefined;
    segments.push(tokens);
  }
  return { negated, directoriesOnly, segments };
}

/**
 * Whether a rule is about a path, or about a directory above it: `!keep` takes in again what lies
 * below `keep` too, unlike git's.
 */
export function matchesRule(rule: IgnoreRule, path: string, isDirectory: boolean): boolean {
  if (rule.directoriesOnly && !isDirectory) return false;
  const names = path.split("/");
  let reached = new Set([0]);
  for (const [at, segment] of rule.segments.entries()) {
    const next = new Set<number>();
    if (segment === "**") {
      const last = at > 0 && at === rule.segments.length - 1;
      if (last) return [...reached].some((k) => k < names.length || isDirectory);
      for (const from of reached) {
        for (let k = from; k < names.length; k += 1) {
          next.add(k);
          // The dot of Python's expressions is no line end, so that `**` stops at such a name.
          if (names[k]?.includes("\n") === true) break;
        }
      }
      // `**` alone is everything.
      if (rule.segments.length === 1) return true;
    } else {
      const last = at === rule.segments.length - 1;
      for (const k of reached) {
        const name = names[k];
        if (name === undefined) continue;
        // The `$` of Python's expressions also stands before a line end that ends the text.
        const end = last && k === names.length - 1 && name.endsWith("\n");
        if (matchesName(segment, name) || (end && matchesName(segment, name.slice(0, -1)))) {
          next.add(k + 1);
        }
      }
    }
    reached = next;
  }
  return reached.size > 0;
}

/** Goes back to the last `*` only, so that the time is bounded by the product of both lengths. */
function matchesName(tokens: readonly Token[], name: string): boolean {
  // `*` alone is a name, never nothing.
  if (name === "") return false;
  const characters = Array.from(name);
  let [token, at] = [0, 0];
  let star: [token: number, at: number] | undefined;
  while (at < characters.length) {
    const wanted = tokens[token];
    if (wanted === "*") {
      star = [token, at];
      token += 1;
    } else if (wanted !== undefined && matchesOne(wanted, characters[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (star !== undefined) {
      star = [star[0], star[1] + 1];
      [token, at] = [star[0] + 1, star[1]];
    } else return false;
  }
  while (tokens[token] === "*") token += 1;
  return token === tokens.length;
}

function matchesOne(token: Exclude<Token, "*">, character: string): boolean {
  if (token === "?") return true;
  if ("literal" in token) return token.literal === character;
  const code = character.codePointAt(0) ?? 0;
  const inside = token.ranges.some(
    ([first, last]) => (first.codePointAt(0) ?? 0) <= code && code <= (last.codePointAt(0) ?? 0),
  );
  return inside !== token.negated;
}

/** `undefined` for a bracket that stays open. */
function tokensOf(part: string, line: string): Token[] | undefined {
  const tokens: Token[] = [];
  const characters = Array.from(part);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "\\") {
      at += 1;
      if (at === characters.length) throw invalid(line, "a backslash stands at its end");
      tokens.push({ literal: characters[at] ?? "" });
    } else if (character === "[") {
      const end = endOfSet(characters, at);
      if (end < 0) return undefined;
      tokens.push(setOf(characters.slice(at + 1, end), line));
      at = end;
    } else {
      const wild = character === "*" || character === "?";
      tokens.push(wild ? character : { literal: character });
    }
  }
  return tokens;
}

function endOfSet(characters: readonly string[], start: number): number {
  let at = start + 1;
  if (characters[at] === "!" || characters[at] === "^") at += 1;
  return characters.indexOf("]", at + 1);
}

function setOf(characters: readonly string[], line: string): CharacterSet {
  const negated = characters[0] === "!" || characters[0] === "^";
  const inner = negated ? characters.slice(1) : characters;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < inner.length; at += 1) {
    const first = inner[at] ?? "";
    const last = inner[at + 1] === "-" ? inner[at + 2] : undefined;
    if (last === undefined) ranges.push([first, first]);
    else {
      if (last < first) throw invalid(line, `the range ${first}-${last} is empty`);
      ranges.push([first, last]);
      at += 2;
    }
  }
  return { negated, ranges };
}

function invalid(line: string, why: string): MlsignError {
  return new MlsignError("dvc-invalid", `Cannot use ".dvcignore": ${printable(line)}: ${why}`);
}
