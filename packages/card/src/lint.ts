import type { Finding } from "@mlsign/core";
import type { BomView } from "./bom-view.ts";
import type { Card } from "./card.ts";
import { lintData } from "./lint-data.ts";
import { lintEvidence } from "./lint-evidence.ts";
import { lintIdentity } from "./lint-identity.ts";
import { lintSafety } from "./lint-safety.ts";
import { lintSecurity } from "./lint-security.ts";
import { type CardPolicy, Report } from "./report.ts";

/** A file that a card may refer to, read when a rule needs it. */
export interface CardFile {
  readonly bytes: () => Uint8Array;
  /** SHA-256, in hex: of a file of any size. */
  readonly sha256: () => string;
}

/** What a card is compared with, as data; what is not given is not compared. */
export interface LintOptions {
  readonly policy?: CardPolicy;
  readonly bom?: BomView;
  /** A file by its relative path; `undefined` where there is none. */
  readonly files?: (path: string) => CardFile | undefined;
  readonly modelName?: string;
}

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
