import { type Location, MlsignError, printable } from "@mlsign/core";
import type { AnySchema, ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Document, isAlias, isNode, isPair, LineCounter, parseDocument, visit } from "yaml";

export type YamlPath = readonly (string | number)[];

export interface YamlFault {
  readonly message: string;
  readonly location: Location;
}

export interface ReadYaml {
  /** `undefined` where there are faults. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  readonly locate: (path: YamlPath) => Location;
}

/** Reads YAML without aliases, anchors, tags or duplicate keys, and holds it to a schema. */
export function readYaml(text: string, source: string, schema: AnySchema): ReadYaml {
  const path = printable(source);
  const start = { path, line: 1, column: 1 };
  const refuse = (message: string, location: Location = start): ReadYaml => ({
    value: undefined,
    faults: [{ message, location }],
    locate: () => start,
  });
  if (text.length > MOST_CHARACTERS) return refuse(`is larger than ${MOST_CHARACTERS} characters`);
  if (isTooDeep(text)) return refuse(`is nested deeper than ${MOST_DEPTH}`);
  const lines = new LineCounter();
  const at = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { path, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(text, {
    version: "1.2",
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    lineCounter: lines,
  });
  const faults: YamlFault[] = [...document.errors, ...document.warnings].map((fault) => ({
    message: fault.message.split("\n")[0] ?? "malformed",
    location: at(fault.pos[0]),
  }));
  visit(document, (_key, node) => {
    if (!isNode(node)) return;
    const offset = node.range?.[0] ?? 0;
    if (isAlias(node)) faults.push({ message: "has an alias", location: at(offset) });
    else if (node.anchor !== undefined)
      faults.push({ message: "has an anchor", location: at(offset) });
    else if (node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:"))
      faults.push({ message: "has a tag", location: at(offset) });
  });
  const locate = (wanted: YamlPath): Location => at(offsetOf(document, wanted));
  if (faults.length > 0) return { value: undefined, faults: faults.slice(0, MOST_FAULTS), locate };
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  const wrong = schemaFaults(value, schema).map((fault) => ({
    message: fault.message,
    location: locate(fault.path),
  }));
  return { value: wrong.length === 0 ? value : undefined, faults: wrong, locate };
}

/** @throws MlsignError `config-invalid` with the first fault's line and column. */
export function throwFault(source: string, faults: readonly YamlFault[]): void {
  const [fault] = faults;
  if (fault === undefined) return;
  const { line, column } = fault.location;
  throw new MlsignError(
    "config-invalid",
    `Cannot use ${printable(source)}:${line}:${column}: ${printable(fault.message)}`,
  );
}

/** What is wrong with a value by a schema, each with its place. */
export function schemaFaults(
  value: unknown,
  schema: AnySchema,
): { path: YamlPath; message: string }[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    // Our schemas are checked against theirs in a test: here that would cost half of the start.
    const options = { validateSchema: false, code: { optimize: false } } as const;
    validate = new Ajv2020({ strict: true, strictRequired: false, ...options }).compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  // Of alternatives all that failed are told: the one that names an unknown key helps most.
  const errors = (validate.errors ?? []).toSorted(
    (a, b) =>
      Number(b.keyword === "additionalProperties") - Number(a.keyword === "additionalProperties"),
  );
  return errors.slice(0, MOST_FAULTS).map(({ instancePath, message, params, keyword }) => {
    const path = instancePath
      .split("/")
      .slice(1)
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    const where = path.length === 0 ? "the file" : path.join(".");
    if (keyword === "additionalProperties") {
      const extra = String(params.additionalProperty);
      return { path: [...path, extra], message: `${where} has the unknown key "${extra}"` };
    }
    const allowed: unknown = params.allowedValues ?? params.allowedValue;
    const wanted =
      allowed === undefined ? (message ?? "is wrong") : `must be ${JSON.stringify(allowed)}`;
    return { path, message: `${where} ${wanted}` };
  });
}

/** Where a key stands, or the nearest thing above it. */
function offsetOf(document: Document, path: YamlPath): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const parts = path.slice(0, length).map((part) => indexOf(part));
    const parent: unknown =
      length === 0 ? document.contents : document.getIn(parts.slice(0, -1), true);
    const last = parts.at(-1);
    if (isNode(parent) && "items" in parent && last !== undefined) {
      const pair = (parent.items as unknown[]).find(
        (item) => isPair(item) && isNode(item.key) && String(item.key) === String(last),
      );
      if (isPair(pair) && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node: unknown = document.getIn(parts, true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function indexOf(part: string | number): string | number {
  return typeof part === "string" && /^\d{1,6}$/.test(part) ? Number(part) : part;
}

/** Bounds what the parser recurses into, before it does: brackets of flows, and indentation. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const sign of text) {
    if (sign === "[" || sign === "{") depth += 1;
    else if (sign === "]" || sign === "}") depth = Math.max(0, depth - 1);
    if (depth > MOST_DEPTH) return true;
  }
  return /^(?: {400}|(?:[-?:] ){40})/m.test(text);
}

const compiled = new WeakMap<object, ValidateFunction>() as {
  get(key: AnySchema): ValidateFunction | undefined;
  set(key: AnySchema, value: ValidateFunction): unknown;
};
const MOST_CHARACTERS = 1024 * 1024;
const MOST_DEPTH = 40;
const MOST_FAULTS = 50;
