import type { Finding } from "./finding.ts";

/** Anything that could not be checked is never `accepted`; `defect` is a rule of ours that broke. */
export type Verdict = "accepted" | "refused" | "undecided" | "defect";

/**
 * The one place that turns findings into a verdict: any refusal, then a defect of ours, then any
 * unknown, then accepted. No finding at all is undecided: nothing was looked at.
 */
export function decide(findings: readonly Finding[]): Verdict {
  if (findings.some((f) => f.outcome === "fail" && f.severity === "error")) return "refused";
  if (findings.some((f) => f.outcome === "error")) return "defect";
  if (findings.length === 0 || findings.some((f) => f.outcome === "unknown")) return "undecided";
  return "accepted";
}
