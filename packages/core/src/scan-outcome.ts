import type { FindingCode } from "./codes.ts";
import type { Outcome, Severity } from "./finding.ts";

/** What a verdict of the scanner is as a finding; the one place that says so. */
export const SCAN_OUTCOMES: Readonly<
  Record<
    "safe-format" | "allowed" | "executable" | "unknown-import" | "unscannable" | "dangerous",
    { readonly code: FindingCode; readonly outcome: Outcome; readonly severity: Severity }
  >
> = {
  "safe-format": { code: "scan-safe", outcome: "pass", severity: "note" },
  allowed: { code: "scan-safe", outcome: "pass", severity: "note" },
  executable: { code: "scan-program", outcome: "fail", severity: "error" },
  "unknown-import": { code: "scan-imports", outcome: "fail", severity: "error" },
  unscannable: { code: "scan-understood", outcome: "fail", severity: "error" },
  dangerous: { code: "scan-code", outcome: "fail", severity: "error" },
};
