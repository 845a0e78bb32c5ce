import { isRecord, messageOf } from "@mlsign/core";
import { type Document, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { RuleId } from "./rules.ts";

export type YamlPath = readonly (string | number)[];

export interface FrontMatter {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where a value stands in the card, from 1; the nearest one above it where it is not there. */
  readonly locate: (path: YamlPath) => { line: number; column: number };
}

type Split =
  | { readonly kind: "absent" | "too-large"; readonly why: string }
  | {
      readonly kind: "present";
      readonly yaml: string;
      readonly firstLine: number;
      readonly bodyAt: number;
      readonly bodyLine: number;
    };

export type OnFault = (rule: RuleId, message: string, line?: number, column?: number) => void;

/** Finds the block as huggingface_hub's expression does, looking at no more than the limit. */
export function splitFrontMatter(text: string): Split {
  const open = /^\s*---(?:\r\n|\r|\n)/.exec(text)?.[0];
  if (open === undefined) {
    const other = /^\s*---(\S[^\r\n]{0,40})/.exec(text);
    const why = other === null ? "the card has no front matter" : "the first line is not --- alone";
    return { kind: "absent", why };
  }
  const close = /(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|$)/g;
  close.lastIndex = open.length;
  const end = close.exec(text);
  if (end === null) return { kind: "absent", why: "the front matter is not closed by ---" };
  const yaml = text.slice(open.length, end.index);
  if (Buffer.byteLength(yaml, "utf8") > MOST_BYTES) {
    return { kind: "too-large", why: `the front matter is larger than ${MOST_BYTES} bytes` };
  }
  const bodyAt = end.index + end[0].length;
  const firstLine = countLines(open) + 1;
  return {
    kind: "present",
    yaml,
    firstLine,
    bodyAt,
    bodyLine: countLines(text.slice(0, bodyAt)) + 1,
  };
}

/** YAML 1.2 without aliases; faults are reported, and the value is `undefined` where there are any. */
export function readFrontMatter(
  yaml: string,
  firstLine: number,
  fault: OnFault,
): FrontMatter | undefined {
  if (depthOf(yaml) > MOST_DEPTH) {
    fault("MC002", `the front matter is nested deeper than ${MOST_DEPTH}`, firstLine);
    return undefined;
  }
  // The YAML library knows LF and CRLF only; the Hub also takes a lone CR.
  const text = yaml.replace(/\r(?!\n)/g, "\n");
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: line + firstLine - 1, column: col };
  };
  try {
    const document = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
    for (const { message, pos } of document.errors.slice(0, MOST_FAULTS)) {
      const { line, column } = at(pos[0]);
      fault(
        "MC002",
        message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "",
        line,
        column,
      );
    }
    if (document.errors.length > 0) return undefined;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    if (!isRecord(value)) {
      fault("MC002", "the front matter is not a mapping", firstLine);
      return undefined;
    }
    compareVersions(document, text, (message, offset) => {
      const { line, column } = at(offset);
      fault("MC004", message, line, column);
    });
    return { value, locate: (path) => at(offsetOf(document, path)) };
  } catch (error) {
    fault("MC002", `the front matter cannot be read: ${messageOf(error)}`, firstLine);
    return undefined;
  }
}

/** The Hub reads cards with PyYAML, which is YAML 1.1: what differs there is another card. */
function compareVersions(
  document: Document,
  text: string,
  report: (message: string, offset: number) => void,
): void {
  const older = new Map<number, unknown>();
  visit(parseDocument(text, { ...YAML_OPTIONS, version: "1.1", logLevel: "silent" }), {
    Scalar: (_key, node) => void older.set(node.range?.[0] ?? -1, node.value),
  });
  visit(document, {
    Scalar: (key, node, parents) => {
      const offset = node.range?.[0] ?? -1;
      const source = text.slice(offset, node.range?.[1]);
      const other = older.get(offset);
      // A date stays the same text in either version, as an object or not.
      if (other instanceof Date || node.type !== "PLAIN") return;
      if (!Object.is(other, node.value)) {
        report(
          `"${source}" is ${kind(other)} in YAML 1.1 and ${kind(node.value)} in YAML 1.2`,
          offset,
        );
      } else if (typeof node.value === "number" && PYYAML_TEXT.test(source)) {
        report(`"${source}" is text for PyYAML, which wants a point and a signed exponent`, offset);
      } else if (
        typeof node.value === "number" &&
        key === "value" &&
        source !== String(node.value)
      ) {
        const pair = parents.at(-1);
        const name = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : "";
        if (/version|revision/.test(name))
          report(`${name} ${source} is the number ${node.value}`, offset);
      }
    },
  });
}

function kind(value: unknown): string {
  return typeof value === "string" ? "text" : `${typeof value} ${String(value)}`;
}

function offsetOf(document: Document, path: YamlPath): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** An upper bound of the nesting: open brackets in flow style, indents and dashes in block style. */
function depthOf(yaml: string): number {
  let flow = 0;
  let most = 0;
  for (const line of yaml.split(/\r\n|\r|\n/)) {
    const opener = /^[ \t]*(?:[-?][ \t]+)*/.exec(line)?.[0] ?? "";
    most = Math.max(most, opener.replaceAll(/[ \t]/g, "").length, opener.length / 4);
    for (const character of line) {
      if (character === "[" || character === "{") flow += 1;
      else if (character === "]" || character === "}") flow = Math.max(0, flow - 1);
      most = Math.max(most, flow);
    }
  }
  return most;
}

function countLines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

const YAML_OPTIONS = { version: "1.2", uniqueKeys: true, strict: true } as const;
const PYYAML_TEXT = /^[-+]?\d+[eE]|[eE]\d+$/;
const MOST_BYTES = 64 * 1024;
const MOST_DEPTH = 64;
const MOST_FAULTS = 20;
