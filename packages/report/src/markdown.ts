import { printable } from "@mlsign/core";
import { groups, placeOf, type Report, tally } from "./report.ts";

/** GitHub Markdown for a job summary; ends in a newline. */
export function toMarkdown(report: Report, options: { readonly limit?: number } = {}): string {
  const rows: string[] = [];
  for (const { word, code, shown, hidden, fix } of groups(report.findings, options.limit ?? 10)) {
    const cells: string[][] = shown.map((finding) => {
      const place = placeOf(finding);
      return [
        prose(finding.message),
        ...(place === undefined ? [] : [`at ${verbatim(place)}`]),
        ...(fix === undefined && finding.fix !== undefined ? [`fix: ${prose(finding.fix)}`] : []),
      ];
    });
    if (hidden > 0) cells.push([`… and ${hidden} more`]);
    if (fix !== undefined) cells.at(-1)?.push(`fix: ${prose(fix)}`);
    rows.push(...cells.map((lines) => `| ${word} | \`${code}\` | ${lines.join("<br>")} |`));
  }
  return [
    `## ${prose(`${report.tool.name} ${report.command}`)}: ${report.verdict}`,
    "",
    `${verbatim(report.subject)}: ${tally(report.findings)}`,
    "",
    ...(rows.length > 0
      ? ["| Outcome | Code | Message |", "| --- | --- | --- |", ...rows, ""]
      : []),
  ].join("\n");
}

function verbatim(text: string): string {
  return `<code>${prose(text)}</code>`;
}

/**
 * Text with nothing in it that Markdown acts on. Mentions, issue numbers, e-mail addresses and
 * emoji are found in the rendered page, where an entity is a character again: a comment after
 * the sign splits them.
 */
function prose(text: string): string {
  return printable(text).replace(
    /[&<>|`*_~[\]()!\\{}"'$^=+]|[@#]|:(?!\s|$)|(?<=\bwww)\./gi,
    (character) => {
      const entity = `&#${character.codePointAt(0)};`;
      return "@#:".includes(character) ? `${entity}<!-- -->` : entity;
    },
  );
}
