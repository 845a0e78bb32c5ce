import { isRecord, messageOf } from "@mlsign/core";
import { parse, TomlError } from "smol-toml";

/** A table of an array of tables with its line; undefined where the text does not tell. */
export interface TomlItem {
  readonly table: Record<string, unknown>;
  readonly line: number | undefined;
}

export class TomlProblem extends Error {
  readonly line: number | undefined;

  constructor(message: string, line: number | undefined) {
    super(message);
    this.line = line;
  }
}

/** @throws TomlProblem for a syntax error or a duplicate key. */
export function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text, { maxDepth: 64 }) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof TomlError) {
      throw new TomlProblem(error.message.split("\n", 1)[0] ?? "malformed", error.line);
    }
    throw new TomlProblem(
      error instanceof RangeError ? "nested too deep" : messageOf(error),
      undefined,
    );
  }
}

/** The items of `[[name]]`. */
export function tables(document: Record<string, unknown>, name: string, text: string): TomlItem[] {
  const list = document[name];
  if (!Array.isArray(list)) return [];
  const lines = headerLines(text, name);
  // A header inside a multi-line string, or an inline array, breaks the count: then no line is told.
  const known = lines.length === list.length;
  return list.filter(isRecord).map((table, index) => ({
    table,
    line: known ? lines[index] : undefined,
  }));
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function headerLines(text: string, name: string): number[] {
  const header = new RegExp(`^[ \\t]*\\[\\[[ \\t]*${name}[ \\t]*\\]\\]`);
  return text.split("\n").flatMap((line, index) => (header.test(line) ? [index + 1] : []));
}
