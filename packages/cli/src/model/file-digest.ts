import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { MlsignError, messageOf, printable } from "@mlsign/core";

type Algorithm = "sha256" | "sha384" | "sha512";

/** `fileDigestSync`, for those who wait. */
export async function fileDigest(path: string, algorithm: Algorithm): Promise<Buffer> {
  return fileDigestSync(path, algorithm);
}

/**
 * The digest of one file, streamed.
 *
 * @throws MlsignError `file-unreadable` or `file-changed-while-hashing`
 */
export function fileDigestSync(path: string, algorithm: Algorithm): Buffer {
  const descriptor = open(path);
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (!before.isFile()) {
      throw new MlsignError("special-file", `Cannot hash ${printable(path)}: not a regular file`);
    }
    const hash = createHash(algorithm);
    const block = Buffer.allocUnsafe(1024 * 1024);
    for (;;) {
      const read = readSync(descriptor, block);
      if (read === 0) break;
      hash.update(block.subarray(0, read));
    }
    const after = fstatSync(descriptor, { bigint: true });
    if (before.size === after.size && before.mtimeNs === after.mtimeNs) return hash.digest();
  } finally {
    closeSync(descriptor);
  }
  throw new MlsignError(
    "file-changed-while-hashing",
    `Cannot hash ${printable(path)}: it changed meanwhile`,
  );
}

function open(path: string): number {
  try {
    // A FIFO in the file's place must not be waited for.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new MlsignError(
      "file-unreadable",
      `Cannot read ${printable(path)}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
