import { type ErrorCode, MlsignError, printable } from "@mlsign/core";
import { Fault } from "./fault.ts";

/** A fault as the error that callers see, with the file's name; anything else stays what it is. */
export function named(error: unknown, name: string): unknown {
  if (!(error instanceof Fault)) return error;
  const hint = HINTS[error.code];
  return new MlsignError(
    error.code,
    `Cannot hash "${printable(name)}": ${error.message}`,
    hint === undefined ? {} : { hint },
  );
}

const HINTS: { readonly [code in ErrorCode]?: string } = {
  "file-changed-while-hashing": "let nothing write to the model, and try again",
  "disk-full": "free some space, or choose another directory",
};
