import { type Category, ERROR_CODES, type ErrorCode } from "./codes.ts";
import type { Verdict } from "./decide.ts";

/** Exit codes of the program: what a verdict or an error means to a CD job. */
export const EXIT: Readonly<Record<Category | "accepted", number>> = {
  accepted: 0,
  refused: 1,
  usage: 2,
  unavailable: 3,
  defect: 70,
};

/**
 * The one error that callers catch. `code` is stable; `hint` is the likely fix. The message names
 * what was found and what was wanted, without a period, and never a secret.
 */
export class MlsignError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MlsignError";
    this.code = code;
    this.hint = options.hint;
  }

  get category(): Category {
    return ERROR_CODES[this.code][0];
  }
}

/** The exit code that an error ends the program with; anything that is not ours is a defect. */
export function exitOf(error: unknown): number {
  return error instanceof MlsignError ? EXIT[error.category] : EXIT.defect;
}

/** The exit code that a verdict ends the program with. */
export function exitOfVerdict(verdict: Verdict): number {
  return EXIT[verdict === "undecided" ? "unavailable" : verdict];
}

/** A thrown value's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The operating system's code of an error (`ENOENT`, `ENOSPC`), if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
