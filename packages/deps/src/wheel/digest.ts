import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { MlsignError, printable, systemCode } from "@mlsign/core";

/** Opens a regular file, not through a link, and closes it whatever happens. */
export async function withFile<T>(
  path: string,
  use: (descriptor: number, size: number) => Promise<T> | T,
): Promise<T> {
  const descriptor = open(path);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unreadable(path, "not a regular file");
    return await use(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}

/** Digests of an open file, several in one pass, in hexadecimal by algorithm. */
export function digestsOf(
  descriptor: number,
  algorithms: readonly string[],
): ReadonlyMap<string, string> {
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  const buffer = Buffer.allocUnsafe(1 << 18);
  for (let at = 0; ;) {
    const count = readSync(descriptor, buffer, 0, buffer.length, at);
    if (count === 0) break;
    for (const [, hash] of hashes) hash.update(buffer.subarray(0, count));
    at += count;
  }
  return new Map(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")]));
}

/** The SHA-256 of a file in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  return withFile(path, (descriptor) => digestsOf(descriptor, ["sha256"]).get("sha256") as string);
}

function open(path: string): number {
  try {
    // Without O_NONBLOCK, a FIFO would keep us waiting before we can tell what it is.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, systemCode(error) ?? "unknown error");
  }
}

function unreadable(path: string, why: string): MlsignError {
  return new MlsignError("file-unreadable", `Cannot read "${printable(path)}": ${why}`);
}
