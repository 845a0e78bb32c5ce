import type { Finding } from "@mlsign/core";
import type { Card } from "./card.ts";
import { lintData } from "./lint-data.ts";
import { lintEvidence } from "./lint-evidence.ts";
import { lintIdentity } from "./lint-identity.ts";
import type { LintOptions } from "./lint-options.ts";
import { lintSafety } from "./lint-safety.ts";
import { lintSecurity } from "./lint-security.ts";
import { Report } from "./report.ts";

/** Judges a card by the rules MC001-MC051; each message starts with its rule. Pure. */
export function lintCard(card: Card, options: LintOptions = {}): Finding[] {
  const report = new Report(card, options.policy);
  for (const { rule, message, line, column } of card.faults) {
    report.fail(rule, rule === "MC003" || rule === "MC004" ? "warning" : "error", message, {
      line,
      column,
    });
  }
  if (card.frontMatter !== undefined) {
    lintIdentity(card.frontMatter.value, options, report);
    lintData(card.frontMatter.value, options, report);
    lintSecurity(card, options, report);
  }
  lintEvidence(card, options, report);
  lintSafety(card, report);
  report.passes();
  return report.findings;
}
