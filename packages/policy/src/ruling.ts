import { type Finding, type FindingCode, finding, type Outcome, printable } from "@mlsign/core";

/** What one rule of a policy came to. */
export interface Ruling {
  /** As `policy explain` and exceptions name it. */
  readonly rule: string;
  readonly finding: Finding;
  /** Holds also where the policy only warns, and no exception lifts it. */
  readonly absolute: boolean;
}

/** A ruling; texts may come from a stranger, and are escaped here. */
export function ruling(
  rule: string,
  code: FindingCode,
  outcome: Outcome,
  message: string,
  more: {
    readonly fix?: string;
    readonly subject?: string;
    readonly absolute?: boolean;
    readonly warning?: boolean;
  } = {},
): Ruling {
  const { fix, subject, absolute = false, warning = false } = more;
  return {
    rule,
    absolute,
    finding: finding(code, outcome, printable(message), {
      evidence: { rule },
      ...(warning && { severity: "warning" }),
      ...(subject !== undefined && { subject: printable(subject) }),
      ...(fix !== undefined && outcome !== "pass" && { fix }),
    }),
  };
}
