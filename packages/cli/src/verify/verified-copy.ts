import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { MlsignError, printable } from "@mlsign/core";

/**
 * Runs what verifies a model with a new directory for its copy, which appears under its name only
 * where `work` says that the model is accepted. Nothing of it is left otherwise.
 *
 * @throws MlsignError `output-exists`, and what `work` throws
 */
export async function withCopy<T>(
  into: string | undefined,
  cwd: string,
  work: (temporary: string | undefined) => Promise<{ readonly value: T; readonly keep: boolean }>,
): Promise<T> {
  if (into === undefined) return (await work(undefined)).value;
  const final = resolve(cwd, into);
  if (existsSync(final)) {
    throw new MlsignError("output-exists", `Cannot copy into ${printable(into)}: it exists`, {
      hint: "--into makes a new directory, so that nothing unverified can be in it",
    });
  }
  const temporary = `${final}.tmp-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  let kept = false;
  try {
    const { value, keep } = await work(temporary);
    if (keep) renameSync(temporary, final);
    kept = keep;
    return value;
  } finally {
    if (!kept) rmSync(temporary, { recursive: true, force: true });
  }
}
