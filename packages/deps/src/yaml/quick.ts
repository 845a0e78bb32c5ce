import { Flow, OTHER, QUOTED, START, unquote } from "./flow.ts";
import { YamlProblem, type YamlMap, type YamlNode } from "./node.ts";

/**
 * Reads the part of YAML that lock files are written in: block maps and lists, one-line scalars
 * and flow collections. Undefined for anything else (anchors, tags, block scalars, tabs, text
 * that goes on in the next line), which is then the full parser's. It is some thirty times
 * faster than that, and tells the line of everything.
 *
 * @throws YamlProblem for a duplicate key.
 */
export function quickYaml(text: string): YamlNode[] | undefined {
  try {
    return new Reader(text).documents();
  } catch (error) {
    if (error === OTHER) return undefined;
    throw error;
  }
}

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

class Reader {
  readonly #lines: Line[] = [];
  #at = 0;

  constructor(text: string) {
    for (const [index, raw] of text.split(/\r?\n/).entries()) {
      const indent = raw.search(/[^ ]/);
      if (indent < 0 || raw[indent] === "#") continue;
      // Control characters but the carriage return that the split took: not for this reader.
      // oxlint-disable-next-line no-control-regex
      if (/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(raw)) throw OTHER;
      this.#lines.push({ number: index + 1, indent, text: raw.slice(indent).trimEnd() });
    }
  }

  documents(): YamlNode[] {
    const documents: YamlNode[] = [];
    while (this.#peek() !== undefined) {
      if (this.#peek()?.indent === 0 && this.#peek()?.text === "---") this.#at += 1;
      else if (documents.length > 0) throw OTHER;
      const next = this.#peek();
      if (next === undefined || isMark(next)) continue;
      if (next.indent !== 0) throw OTHER;
      documents.push(this.#block(0, 0));
      const after = this.#peek();
      if (after !== undefined && !isMark(after)) throw OTHER;
    }
    return documents;
  }

  #peek(): Line | undefined {
    return this.#lines[this.#at];
  }

  #block(indent: number, depth: number): YamlNode {
    if (depth > MAX_DEPTH) throw new YamlProblem("nested too deep", this.#peek()?.number);
    const first = this.#peek() as Line;
    return first.text === "-" || first.text.startsWith("- ")
      ? this.#list(indent, depth)
      : this.#map(indent, depth);
  }

  #list(indent: number, depth: number): YamlNode {
    const items: YamlNode[] = [];
    const { number } = this.#peek() as Line;
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      if (line.text !== "-" && !line.text.startsWith("- ")) break;
      const rest = line.text.slice(1).trimStart();
      if (rest === "" || rest.startsWith("#") || rest === "-" || rest.startsWith("- ")) throw OTHER;
      if (!startsMap(rest)) {
        this.#at += 1;
        items.push(this.#scalar(rest, line, indent));
        continue;
      }
      // `- key: value` is a map whose indentation is that of its first key.
      const inner = indent + line.text.length - rest.length;
      this.#lines[this.#at] = { number: line.number, indent: inner, text: rest };
      items.push(this.#map(inner, depth + 1));
    }
    this.#mustDedent(indent);
    return { kind: "list", items, line: number };
  }

  #map(indent: number, depth: number): YamlMap {
    const entries: YamlMap["entries"] = new Map();
    const { number } = this.#peek() as Line;
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      if (isMark(line) || line.text.startsWith("- ") || line.text === "-") break;
      const { key, rest } = splitKey(line);
      if (entries.has(key)) throw new YamlProblem(`duplicate key "${key}"`, line.number);
      this.#at += 1;
      entries.set(key, { value: this.#value(rest, line, indent, depth), line: line.number });
    }
    this.#mustDedent(indent);
    return { kind: "map", entries, line: number };
  }

  #value(rest: string, line: Line, indent: number, depth: number): YamlNode {
    if (rest !== "" && !rest.startsWith("#")) return this.#scalar(rest, line, indent);
    const next = this.#peek();
    if (next !== undefined && !isMark(next)) {
      if (next.indent > indent) return this.#block(next.indent, depth + 1);
      if (next.indent === indent && next.text.startsWith("- "))
        return this.#list(indent, depth + 1);
    }
    return { kind: "scalar", text: "", line: line.number };
  }

  #scalar(text: string, line: Line, indent: number): YamlNode {
    // A deeper line would go on with this one.
    if ((this.#peek()?.indent ?? -1) > indent) throw OTHER;
    const flow = new Flow(text, line.number);
    const value = flow.value(false, 0);
    if (!flow.ended()) throw OTHER;
    return value;
  }

  #mustDedent(indent: number): void {
    if ((this.#peek()?.indent ?? -1) > indent) throw OTHER;
  }
}

function isMark(line: Line): boolean {
  if (line.indent !== 0) return false;
  if (line.text === "---") return true;
  if (/^(?:---|\.\.\.|%)/.test(line.text)) throw OTHER;
  return false;
}

function startsMap(text: string): boolean {
  return keyEnd(text) !== undefined;
}

function splitKey(line: Line): { key: string; rest: string } {
  const end = keyEnd(line.text);
  if (end === undefined) throw OTHER;
  const key = unquote(line.text.slice(0, end).trimEnd());
  // Merge keys are the full parser's.
  if (key === "<<") throw OTHER;
  return { key, rest: line.text.slice(end + 1).trimStart() };
}

/** Where the colon behind a key is: quoted, or plain up to the first `: `. */
function keyEnd(text: string): number | undefined {
  QUOTED_KEY.lastIndex = 0;
  if (QUOTED_KEY.test(text)) return QUOTED_KEY.lastIndex - 1;
  const inner = text.indexOf(": ");
  const end = inner >= 0 ? inner : text.endsWith(":") ? text.length - 1 : -1;
  if (end < 1 || !PLAIN_START.test(text) || /\s#/.test(text.slice(0, end))) return undefined;
  return end;
}

const QUOTED_KEY = new RegExp(`(?:${QUOTED}) {0,9}:(?= |$)`, "y");
const PLAIN_START = new RegExp(`^${START}`);
const MAX_DEPTH = 64;
