import type { Card } from "./card.ts";
import { linksOf } from "./links.ts";
import type { Report } from "./report.ts";
import { withoutCode } from "./sections.ts";

/** MC005 and MC050: placeholders, scripts and hidden text. One finding a line and kind, and not too many. */
export function lintSafety(card: Card, report: Report): void {
  const lines = card.text.split(/\r\n|\r|\n/);
  const prose = withoutCode(lines);
  let left = MOST_FINDINGS;
  for (const [index, line] of lines.entries()) {
    for (const [pattern, what, code] of HIDDEN) {
      const match = pattern.exec(code ? line : (prose[index] ?? ""));
      if (match === null || left-- <= 0) continue;
      report.fail("MC050", "warning", `the card holds ${what}`, {
        line: index + 1,
        column: match.index + 1,
      });
    }
    const placeholder = PLACEHOLDER.exec(prose[index] ?? "");
    if (placeholder === null || left-- <= 0) continue;
    report.fail("MC005", "warning", `"${placeholder[0]}" is left`, {
      line: index + 1,
      column: placeholder.index + 1,
    });
  }
  for (const { target, line, column } of linksOf(card)) {
    if (!/^(?:javascript|data|vbscript):/i.test(target) || left-- <= 0) continue;
    report.fail("MC050", "warning", `a link starts with ${target.split(":")[0]}:`, {
      line,
      column,
    });
  }
}

// Zero-width joiners are part of emoji and of several scripts; the others only hide or reorder.
const HIDDEN = [
  [
    /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u,
    "invisible or reordering characters",
    true,
  ],
  // eslint-disable-next-line no-control-regex
  [/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/, "control characters", true],
  [
    /<\/?(?:script|iframe|object|embed)\b|\son[a-z]{3,20}\s{0,5}=\s{0,5}["']/i,
    "a script or embedded page",
    false,
  ],
] as const;
const PLACEHOLDER = /\[More Information Needed\]|\bTODO\b|\{\{/i;
const MOST_FINDINGS = 100;
