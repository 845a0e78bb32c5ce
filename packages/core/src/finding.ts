import type { FindingCode } from "./codes.ts";
import type { JsonValue } from "./json.ts";

/** `unknown` could not be looked at, `error` is a rule of ours that broke. */
export type Outcome = "pass" | "fail" | "unknown" | "not-applicable" | "error";

/** Only `fail` with severity `error` refuses. */
export type Severity = "error" | "warning" | "note";

/** What a finding rests on, as data. */
export type Evidence = { readonly [key: string]: JsonValue };

/** A place in a file: `line` and `column` count from 1. */
export interface Location {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a pure rule says of facts. */
export interface Finding {
  readonly code: FindingCode;
  readonly outcome: Outcome;
  readonly severity: Severity;
  readonly message: string;
  readonly fix?: string;
  readonly evidence?: Evidence;
  /** What is judged: a path, a bundle, a key. */
  readonly subject?: string;
  readonly location?: Location;
}

/** A finding; severity is `error` unless told otherwise, and `note` for what passed. */
export function finding(
  code: FindingCode,
  outcome: Outcome,
  message: string,
  more: Partial<Omit<Finding, "code" | "outcome" | "message">> = {},
): Finding {
  const severity = outcome === "pass" || outcome === "not-applicable" ? "note" : "error";
  return { code, outcome, severity, message, ...more };
}
