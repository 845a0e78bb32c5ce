import { YamlProblem, type YamlMap, type YamlNode } from "./node.ts";

/** What stands in one line: a scalar, `{a: b}` or `[a, b]`. */
export class Flow {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  ended(): boolean {
    return /^(?:\s*|\s+#.*)$/.test(this.#text.slice(this.#at));
  }

  value(inFlow: boolean, depth: number): YamlNode {
    if (depth > MAX_DEPTH) throw new YamlProblem("nested too deep", this.#line);
    const first = this.#text[this.#at];
    if (first === "{") return this.#flowMap(depth);
    if (first === "[") return this.#flowList(depth);
    return { kind: "scalar", text: this.scalar(inFlow), line: this.#line };
  }

  scalar(inFlow: boolean): string {
    const pattern = inFlow ? FLOW_SCALAR : BLOCK_SCALAR;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw OTHER;
    this.#at = pattern.lastIndex;
    const plain = match[0].trimEnd();
    return unquote(plain);
  }

  #flowMap(depth: number): YamlMap {
    const entries: YamlMap["entries"] = new Map();
    this.#skip("{");
    while (!this.#closes("}")) {
      const key = this.scalar(true);
      if (!this.#text.startsWith(": ", this.#at)) throw OTHER;
      this.#skip(":");
      if (entries.has(key)) throw new YamlProblem(`duplicate key "${key}"`, this.#line);
      entries.set(key, { value: this.value(true, depth + 1), line: this.#line });
      this.#comma("}");
    }
    return { kind: "map", entries, line: this.#line };
  }

  #flowList(depth: number): YamlNode {
    const items: YamlNode[] = [];
    this.#skip("[");
    while (!this.#closes("]")) {
      items.push(this.value(true, depth + 1));
      this.#comma("]");
    }
    return { kind: "list", items, line: this.#line };
  }

  #closes(bracket: string): boolean {
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #comma(bracket: string): void {
    while (this.#text[this.#at] === " ") this.#at += 1;
    if (this.#text[this.#at] === bracket) return;
    this.#skip(",");
    if (this.#text[this.#at] === bracket) throw OTHER;
  }

  #skip(character: string): void {
    if (this.#text[this.#at] !== character) throw OTHER;
    do this.#at += 1;
    while (this.#text[this.#at] === " ");
  }
}

/** The text of a plain or quoted scalar. */
export function unquote(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(["\\/])/g, "$1");
}

/** Thrown where another reader is needed. */
export const OTHER: Error = new Error("not in the subset");

export const QUOTED: string = `'(?:[^']|'')*'|"(?:[^"\\\\]|\\\\["\\\\/])*"`;
// A plain scalar starts with nothing that means something else, and holds no `: ` and no ` #`.
export const START: string = `(?:[^\\s\\-?:,[\\]{}#&*!|>'"%@\`]|[-?:](?=[^\\s,[\\]{}]))`;
const BLOCK_SCALAR = new RegExp(
  `(?:${QUOTED})(?=\\s|$)|${START}(?:[^:#]|:(?=\\S)|(?<=\\S)#)*(?=\\s#|$)`,
  "y",
);
const FLOW_SCALAR = new RegExp(
  `(?:${QUOTED})(?=[ ,:\\]}])|${START}(?:[^:#,[\\]{}]|:(?=[^\\s,[\\]{}])|(?<=\\S)#)*`,
  "y",
);
const MAX_DEPTH = 64;
