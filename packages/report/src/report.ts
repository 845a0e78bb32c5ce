import { byUtf8, type Fact, type Finding, type Verdict } from "@mlsign/core";

export interface Tool {
  readonly name: string;
  readonly version: string;
}

/** What a command found, whichever way it is shown. */
export interface Report {
  readonly tool: Tool;
  /** `verify`, `promote`, … */
  readonly command: string;
  /** What was judged, as the user named it. */
  readonly subject: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly facts?: readonly Fact[];
}

/** The word that a reader sees, worst first. */
const WORDS = ["FAIL", "ERROR", "UNKNOWN", "WARN", "NOTE", "PASS", "N/A"] as const;
export type Word = (typeof WORDS)[number];

export function wordOf(finding: Finding): Word {
  switch (finding.outcome) {
    case "pass":
      return "PASS";
    case "unknown":
      return "UNKNOWN";
    case "not-applicable":
      return "N/A";
    case "error":
      return "ERROR";
    case "fail":
      return finding.severity === "error"
        ? "FAIL"
        : finding.severity === "warning"
          ? "WARN"
          : "NOTE";
  }
}

/** Worst first, then by code, place and message, so that the order of rules does not show. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) =>
      WORDS.indexOf(wordOf(a)) - WORDS.indexOf(wordOf(b)) ||
      byUtf8(a.code, b.code) ||
      byUtf8(a.location?.path ?? "", b.location?.path ?? "") ||
      (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
      (a.location?.column ?? 0) - (b.location?.column ?? 0) ||
      byUtf8(a.subject ?? "", b.subject ?? "") ||
      byUtf8(a.message, b.message),
  );
}

/** Findings of one code and one word, in `worstFirst` order. */
export interface Group {
  readonly word: Word;
  readonly code: string;
  readonly shown: readonly Finding[];
  /** How many more there are. */
  readonly hidden: number;
  /** The fix that all of them share. */
  readonly fix: string | undefined;
}

export function groups(findings: readonly Finding[], limit: number): Group[] {
  const byKey = new Map<string, Finding[]>();
  for (const finding of worstFirst(findings)) {
    const key = `${wordOf(finding)} ${finding.code}`;
    const group = byKey.get(key);
    if (group) group.push(finding);
    else byKey.set(key, [finding]);
  }
  return [...byKey.values()].map((all) => {
    // One finding too many is shown rather than counted: the line costs the same.
    const shown = all.length === limit + 1 ? all : all.slice(0, limit);
    const first = all[0] as Finding;
    const shared = shown.every((finding) => finding.fix === first.fix);
    return {
      word: wordOf(first),
      code: first.code,
      shown,
      hidden: all.length - shown.length,
      fix: shared ? first.fix : undefined,
    };
  });
}

/** `2 fail, 1 warn, 14 pass`; `no findings`. */
export function tally(findings: readonly Finding[]): string {
  const counts = WORDS.map((word) => [word, findings.filter((f) => wordOf(f) === word).length]);
  const parts = counts.filter(([, n]) => n !== 0).map(([word, n]) => `${n} ${word}`.toLowerCase());
  return parts.join(", ") || "no findings";
}

/** `path:3:7`, or the subject; undefined where the message already names it. */
export function placeOf(finding: Finding): string | undefined {
  const { location, subject } = finding;
  if (location?.line !== undefined) {
    return [location.path, location.line, location.column].filter((p) => p !== undefined).join(":");
  }
  const name = location?.path ?? subject;
  return name === undefined || finding.message.includes(name) ? undefined : name;
}
