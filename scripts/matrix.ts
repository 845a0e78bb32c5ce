/** Prints the README's table of who can verify whose bundle, from what test/interop measured. */
import { readFileSync } from "node:fs";

interface Matrix {
  readonly readers: readonly string[];
  readonly rows: readonly {
    readonly writer: string;
    readonly what: string;
    readonly cells: Readonly<Record<string, { readonly verdict: string; readonly note?: string }>>;
  }[];
}

/** The table, with a numbered note for each reason of a refusal. */
export function markdown({ readers, rows }: Matrix): string {
  const notes: string[] = [];
  const lines = rows.map(({ writer, what, cells }) => {
    const shown = readers.map((reader) => {
      const cell = cells[reader];
      if (cell?.verdict === "verifies") return "yes";
      const note = `${reader} ${cell?.note ?? "was not asked"}`;
      if (!notes.includes(note)) notes.push(note);
      return `no [${notes.indexOf(note) + 1}]`;
    });
    return `| ${[`${writer}: ${what}`, ...shown].join(" | ")} |`;
  });
  return [
    `| written by | ${readers.join(" | ")} |`,
    `| --- |${" --- |".repeat(readers.length)}`,
    ...lines,
    "",
    ...notes.map((note, at) => `${at + 1}. ${note}`),
    "",
  ].join("\n");
}

if (import.meta.main) {
  const file = new URL("../test/interop/matrix.json", import.meta.url);
  process.stdout.write(markdown(JSON.parse(readFileSync(file, "utf8")) as Matrix));
}
