import { type Finding, finding, printable, type Severity } from "@mlsign/core";
import type { Card } from "./card.ts";
import type { YamlPath } from "./front-matter.ts";
import { CARD_RULES, type RuleId } from "./rules.ts";

/** Levels by rule, and what only a policy can know. */
export interface CardPolicy {
  readonly rules?: { readonly [rule in RuleId]?: Severity | "off" };
  readonly maxEpsilon?: number;
  readonly maxFairnessAgeDays?: number;
  /** The time by which ages are judged. */
  readonly now: Date;
}

type Place = YamlPath | { readonly line: number; readonly column?: number };

/** Collects findings, each with its rule, its place and the level that the policy gives it. */
export class Report {
  readonly findings: Finding[] = [];
  readonly #card: Card;
  readonly #rules: NonNullable<CardPolicy["rules"]>;

  constructor(card: Card, policy: CardPolicy | undefined) {
    this.#card = card;
    this.#rules = policy?.rules ?? {};
  }

  fail(rule: RuleId, level: Severity, message: string, place: Place, fix?: string): void {
    const severity = this.#rules[rule] ?? level;
    if (severity === "off") return;
    this.findings.push({
      ...finding(CARD_RULES[rule][0], "fail", `${rule} ${printable(message)}`, { severity }),
      ...(fix === undefined ? {} : { fix }),
      location: { path: this.#card.source, ...this.#locate(place) },
    });
  }

  skip(rule: RuleId, message: string): void {
    if (this.#rules[rule] === "off") return;
    const location = { path: this.#card.source };
    const text = `${rule} ${message}`;
    this.findings.push(finding(CARD_RULES[rule][0], "not-applicable", text, { location }));
  }

  /** What passed, once a code, so that a clean card is accepted and not undecided. */
  passes(): void {
    const location = { path: this.#card.source };
    for (const code of ["card-form", "card-rule"] as const) {
      if (this.findings.some((f) => f.code === code && f.outcome === "fail")) continue;
      if (code === "card-rule" && this.#card.frontMatter === undefined) continue;
      this.findings.push(finding(code, "pass", PASSED[code], { location }));
    }
  }

  #locate(place: Place): { line: number; column: number } {
    if ("line" in place) return { line: place.line, column: place.column ?? 1 };
    return this.#card.frontMatter?.locate(place) ?? { line: 1, column: 1 };
  }
}

const PASSED = {
  "card-form": "the card is well formed",
  "card-rule": "the card keeps the rules of its content",
} as const;
