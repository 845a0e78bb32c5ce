/** A YAML value as data with its place. Scalars keep their source text: `1.10` stays `1.10`. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

interface YamlScalar {
  readonly kind: "scalar";
  readonly text: string;
  readonly line: number;
}

interface YamlList {
  readonly kind: "list";
  readonly items: YamlNode[];
  readonly line: number;
}

export interface YamlMap {
  readonly kind: "map";
  readonly entries: Map<string, YamlEntry>;
  readonly line: number;
}

export interface YamlEntry {
  readonly value: YamlNode;
  /** Of the key. */
  readonly line: number;
}

/** Why a YAML file cannot be judged. */
export class YamlProblem extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

export function member(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return node?.kind === "map" ? node.entries.get(key)?.value : undefined;
}

/** The text of a scalar; undefined for an empty one. */
export function textOf(node: YamlNode | undefined): string | undefined {
  return node?.kind === "scalar" && node.text !== "" ? node.text : undefined;
}

export function textAt(node: YamlNode | undefined, key: string): string | undefined {
  return textOf(member(node, key));
}

export function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "list" ? node.items : [];
}

export function entriesOf(node: YamlNode | undefined): readonly (readonly [string, YamlEntry])[] {
  return node?.kind === "map" ? [...node.entries] : [];
}
