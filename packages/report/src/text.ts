import { printable } from "@mlsign/core";
import { groups, placeOf, type Report, tally, type Word } from "./report.ts";
import { tableLines } from "./table.ts";
import { wrap } from "./width.ts";

export interface TextOptions {
  readonly columns?: number;
  /** ANSI colour on the outcome words, which stay words. */
  readonly colour?: boolean;
  /** Findings of one code that are shown before the rest is counted. */
  readonly limit?: number;
}

/** A table for people, worst first and the verdict last; ends in a newline. */
export function toText(report: Report, options: TextOptions = {}): string {
  const { columns = 80, colour = false, limit = 10 } = options;
  const rows: [Word | "", string, string[]][] = [];
  for (const { word, code, shown, hidden, fix } of groups(report.findings, limit)) {
    for (const finding of shown) {
      const place = placeOf(finding);
      const own = fix === undefined ? finding.fix : undefined;
      rows.push([word, code, [finding.message, ...line("at", place), ...line("fix", own)]]);
    }
    if (hidden > 0) rows.push([word, code, [`… and ${hidden} more`]]);
    rows.at(-1)?.[2].push(...line("fix", fix));
  }
  const body = tableLines(
    rows.map(([word, code, paragraphs]) => [[word], [code], paragraphs.map(printable)]),
    columns,
    (cell, row) => (colour ? paint(cell, rows[row]?.[0]) : cell),
  );
  const subject = printable(report.subject);
  const verdict = `${subject}: ${report.verdict} (${tally(report.findings)})`;
  return [...body, ...(body.length > 0 ? [""] : []), ...wrap(verdict, columns), ""].join("\n");
}

function line(label: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`${label}: ${text}`];
}

function paint(cell: string, word: Word | "" | undefined): string {
  const code = word ? COLOURS[word] : undefined;
  return code === undefined ? cell : `\u001b[${code}m${cell}\u001b[0m`;
}

const COLOURS: Readonly<Record<Word, number | undefined>> = {
  FAIL: 31,
  ERROR: 31,
  UNKNOWN: 33,
  WARN: 33,
  NOTE: 36,
  PASS: 32,
  "N/A": undefined,
};
