import { printable } from "@mlsign/core";
import { displayWidth, padEnd, wrap } from "./width.ts";

const GAP = "  ";
const NARROWEST = 8;

/**
 * Rows as a table without rules, at most `columns` cells wide where that can be: the widest column
 * gives way and its cells wrap. Cells are escaped with `printable`; a newline in one is data too.
 */
export function table(rows: readonly (readonly string[])[], columns = 80): string {
  return tableLines(
    rows.map((row) => row.map((cell) => [printable(cell)])),
    columns,
  ).join("\n");
}

/** As `table`, of cells that are lists of safe paragraphs; `paint` may colour the padded first cell. */
export function tableLines(
  rows: readonly (readonly (readonly string[])[])[],
  columns: number,
  paint: (cell: string, row: number) => string = (cell) => cell,
): string[] {
  const widths = fit(naturalWidths(rows), columns);
  return rows.flatMap((row, r) => {
    const cells = row.map((cell, c) => cell.flatMap((text) => wrap(text, widths[c] ?? columns)));
    const height = Math.max(...cells.map((lines) => lines.length), 0);
    return Array.from({ length: height }, (_, l) => {
      const parts = cells.map((lines, c) => padEnd(lines[l] ?? "", widths[c] ?? 0));
      const [first = "", ...rest] = parts;
      const tail = rest.join(GAP).trimEnd();
      const head = tail === "" ? first.trimEnd() : first;
      return (l === 0 ? paint(head, r) : head) + (tail === "" ? "" : GAP + tail);
    });
  });
}

function naturalWidths(rows: readonly (readonly (readonly string[])[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [c, cell] of row.entries()) {
      widths[c] = cell.reduce((most, text) => Math.max(most, displayWidth(text)), widths[c] ?? 0);
    }
  }
  return widths;
}

function fit(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - columns;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    const rest = widths.toSpliced(widths.lastIndexOf(widest), 1);
    const cut = Math.min(excess, Math.max(1, widest - Math.max(NARROWEST, ...rest)));
    widths[widths.lastIndexOf(widest)] = widest - cut;
    excess -= cut;
  }
  return widths;
}
