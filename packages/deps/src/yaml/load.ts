import { messageOf } from "@mlsign/core";
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Node,
} from "yaml";
import { YamlProblem, type YamlMap, type YamlNode } from "./node.ts";
import { quickYaml } from "./quick.ts";

/**
 * All documents of a YAML file; empty ones are left out. Aliases share their anchor's node, so that an
 * alias bomb costs no more than its text. Merge keys (`<<`) are applied.
 *
 * @throws YamlProblem for a syntax error, a duplicate key, too much depth or size.
 */
export function loadYaml(text: string): YamlNode[] {
  const quick = quickYaml(text);
  if (quick !== undefined) return quick;
  if (text.length > MAX_GENERAL) {
    throw new YamlProblem(`more than ${MAX_GENERAL} characters of general YAML`);
  }
  const lines = new LineCounter();
  // The library's own check of keys is quadratic: `convert` checks them.
  const documents = parse(text, lines);
  return documents.flatMap(({ errors, contents }) => {
    const [error] = errors;
    if (error !== undefined) {
      throw new YamlProblem(firstLine(error.message), lines.linePos(error.pos[0]).line);
    }
    return contents === null ? [] : [new Converter(lines).convert(contents, 0)];
  });
}

function parse(
  text: string,
  lineCounter: LineCounter,
): Extract<ReturnType<typeof parseAllDocuments>, unknown[]> {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      uniqueKeys: false,
      prettyErrors: false,
      schema: "core",
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    // The library recurses: text that is nested very deep overflows the stack.
    throw new YamlProblem(error instanceof RangeError ? "nested too deep" : messageOf(error));
  }
}

class Converter {
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, YamlNode>();
  #aliases = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  convert(node: Node, depth: number): YamlNode {
    const line = this.#lineOf(node);
    if (depth > MAX_DEPTH) throw new YamlProblem("nested too deep", line);
    if (isAlias(node)) return this.#alias(node, line);
    const value = this.#value(node, line, depth);
    if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, value);
    return value;
  }

  #value(node: Node, line: number, depth: number): YamlNode {
    if (isScalar(node)) return { kind: "scalar", text: scalarText(node), line };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.convert(item as Node, depth + 1));
      return { kind: "list", items, line };
    }
    if (isMap(node)) return this.#map(node, line, depth);
    throw new YamlProblem("unknown node", line);
  }

  #map(node: { items: { key: unknown; value: unknown }[] }, line: number, depth: number): YamlMap {
    const entries: YamlMap["entries"] = new Map();
    const merged: YamlNode[] = [];
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      const at = key === null ? line : this.#lineOf(key);
      const name = isScalar(key) ? scalarText(key) : "";
      const value =
        pair.value === null
          ? ({ kind: "scalar", text: "", line: at } as const)
          : this.convert(pair.value as Node, depth + 1);
      if (name === "<<" && value.kind !== "scalar") {
        merged.push(value);
        continue;
      }
      if (entries.has(name)) throw new YamlProblem(`duplicate key "${name}"`, at);
      entries.set(name, { value, line: at });
    }
    for (const value of merged) merge(entries, value);
    return { kind: "map", entries, line };
  }

  /** An alias may only name what is complete: a node within itself would never end. */
  #alias(node: Alias, line: number): YamlNode {
    this.#aliases += 1;
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw new YamlProblem(`alias "${node.source}" has no anchor`, line);
    if (this.#aliases > MAX_ALIASES) throw new YamlProblem("too many aliases", line);
    return target;
  }

  #lineOf(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line;
  }
}

/** YAML 1.1's merge: keys of the map itself win, and so do those of an earlier map of a list. */
function merge(entries: YamlMap["entries"], from: YamlNode): void {
  if (from.kind === "list") for (const item of from.items) merge(entries, item);
  if (from.kind !== "map") return;
  for (const [key, entry] of from.entries) if (!entries.has(key)) entries.set(key, entry);
}

function scalarText(node: { value: unknown; source?: string | undefined }): string {
  return typeof node.value === "string" ? node.value : (node.source ?? "");
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}

/** The library reads some 1.5 MB a second. */
const MAX_GENERAL = 4_000_000;
const MAX_DEPTH = 64;
const MAX_ALIASES = 10_000;
