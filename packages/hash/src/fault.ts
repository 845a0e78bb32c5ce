import type { ErrorCode } from "@mlsign/core";

/**
 * What went wrong with one file, in a form that crosses threads. It does not say the file's name,
 * which only the main thread knows. (Workers load nothing of `core`, so that they start fast.)
 */
export class Fault extends Error {
  readonly code: ErrorCode;
  /** Place of the file in the caller's list, once known. */
  readonly job: number | undefined;

  constructor(code: ErrorCode, message: string, job?: number) {
    super(message);
    this.code = code;
    this.job = job;
  }
}

export function changed(how: string, job?: number): Fault {
  return new Fault("file-changed-while-hashing", how, job);
}

/** A thrown value as a fault of a file, where the system refused; anything else stays what it is. */
export function faultOf(error: unknown, job: number): unknown {
  if (error instanceof Fault) return new Fault(error.code, error.message, error.job ?? job);
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new Fault("file-unreadable", `cannot read it (${code})`, job);
}
