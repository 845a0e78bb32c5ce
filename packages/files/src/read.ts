import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { MlsignError, messageOf, printable, systemCode } from "@mlsign/core";

/**
 * Reads a regular file of at most `maxBytes`, `undefined` where there is none. A FIFO or device
 * of that name is not waited for.
 *
 * @throws MlsignError `file-unreadable` or `limit-exceeded`
 */
export function readBounded(path: string, maxBytes: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(cause) ?? "")) return undefined;
    throw unreadable(path, messageOf(cause), cause);
  }
  try {
    const { size } = regular(path, fstatSync(descriptor));
    if (size > maxBytes) {
      throw new MlsignError(
        "limit-exceeded",
        `Cannot read ${printable(path)}: ${size} bytes, more than ${maxBytes}`,
      );
    }
    return readFileSync(descriptor);
  } catch (cause) {
    throw cause instanceof MlsignError ? cause : unreadable(path, messageOf(cause), cause);
  } finally {
    closeSync(descriptor);
  }
}

function regular(path: string, stats: ReturnType<typeof fstatSync>): { size: number } {
  if (!stats.isFile()) throw unreadable(path, "not a regular file");
  return { size: Number(stats.size) };
}

function unreadable(path: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError("file-unreadable", `Cannot read ${printable(path)}: ${why}`, {
    ...(cause !== undefined && { cause }),
  });
}
