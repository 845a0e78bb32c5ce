import type { CheckId } from "./checks.ts";

/** Worst first: what of several holds. */
export const VERDICTS = ["tampered", "unprotected", "unknown", "weak", "protected"] as const;
export type StorageVerdict = (typeof VERDICTS)[number];

/** One thing that stands against `protected`, or, as a `note`, beside it. */
export interface Reason {
  readonly check: CheckId;
  /** Stable, `object-lock-not-enabled`; policies match on it. */
  readonly code: string;
  /** What it makes of the verdict; `protected` for a note. */
  readonly verdict: StorageVerdict;
  readonly message: string;
  /** Of a note that is more than one. */
  readonly severity?: "warning";
  /** The command to run. */
  readonly fix?: string;
}

export interface Judgement {
  readonly verdict: StorageVerdict;
  readonly reasons: readonly Reason[];
}

/** What the object ought to be. */
export interface Expectation {
  /** The version or generation that was pinned when the model was signed. */
  readonly versionId?: string | undefined;
  /** Lower-case hex. */
  readonly md5?: string | undefined;
  readonly sha256?: string | undefined;
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
  /** Where this is said: `dvc.lock#train.outs[0]`. */
  readonly source?: string | undefined;
}

export interface StoragePolicy {
  readonly now: Date;
  /** An absolute date, so that a verdict does not decay unseen. Absent: retained now is enough. */
  readonly requiredUntil?: Date | undefined;
}

/** The worst of the reasons' verdicts. */
export function judged(reasons: readonly Reason[]): Judgement {
  const verdict = VERDICTS.find((it) => reasons.some((reason) => reason.verdict === it));
  return { verdict: verdict ?? "protected", reasons };
}

/** Full seconds: stores round dates to them. */
export function isBefore(date: Date, other: Date): boolean {
  return Math.floor(date.getTime() / 1000) < Math.floor(other.getTime() / 1000);
}

/** Single-quoted for a shell, where it needs to be. */
export function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
