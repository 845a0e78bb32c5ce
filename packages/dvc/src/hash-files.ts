import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { messageOf, MlsignError, type OnProgress, printable } from "@mlsign/core";
import { hashFiles } from "@mlsign/hash";
import { createTextMd5, type TextMd5 } from "./text-md5.ts";

/** A file as it was listed; its name is bytes, for DVC's names need not be text. */
export interface ListedFile {
  readonly full: Buffer;
  readonly relpath: string;
  /** Bytes. */
  readonly size: number;
}

export interface HashedFile {
  readonly relpath: string;
  readonly md5: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * The MD5 and SHA-256 of files, from one read of each, in the order given. Links are followed, as
 * DVC does. `md5` is hashed by several threads; DVC 2's form, and names that are no UTF-8, by one.
 *
 * @throws MlsignError `file-unreadable`, `file-changed-while-hashing`, `special-file`
 */
export async function hashListed(
  files: readonly ListedFile[],
  algorithm: "md5" | "md5-dos2unix",
  { onProgress }: { readonly onProgress?: OnProgress | undefined },
): Promise<HashedFile[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const alone = (file: ListedFile): boolean => algorithm !== "md5" || !isText(file.full);
  const hashed = new Map<ListedFile, HashedFile>();
  let done = 0;
  for (const file of files.filter(alone)) {
    hashed.set(file, { relpath: file.relpath, ...hashFile(file, algorithm) });
    done += file.size;
    onProgress?.({ step: "hash", unit: "bytes", done, total });
  }
  const together = files.filter((file) => !alone(file));
  const digests = await hashFiles(together.map(jobOf), {
    algorithms: ["md5", "sha256"],
    onProgress: onProgress && ((event) => onProgress({ ...event, done: done + event.done, total })),
  });
  for (const [at, file] of together.entries()) {
    const { md5, sha256 } = digests[at]?.digests ?? {};
    if (md5 === undefined || sha256 === undefined) throw new Error("A digest was not taken");
    hashed.set(file, { relpath: file.relpath, md5, sha256, size: file.size });
  }
  return files.flatMap((file) => hashed.get(file) ?? []);
}

function jobOf({ full, relpath, size }: ListedFile) {
  const text = full.toString("utf8");
  const name = relpath === "." ? text : relpath;
  try {
    return { path: realpathSync(text), name, size };
  } catch (cause) {
    throw unreadable(text, cause);
  }
}

function hashFile({ full }: ListedFile, algorithm: "md5" | "md5-dos2unix") {
  const shown = full.toString("utf8");
  let descriptor: number;
  try {
    // Without waiting: a FIFO in its place would be read for ever.
    descriptor = openSync(full, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(shown, cause);
  }
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (!before.isFile()) {
      const what = `Cannot hash ${printable(shown)}: not a regular file`;
      throw new MlsignError("special-file", what);
    }
    const md5 = algorithm === "md5" ? plainMd5() : createTextMd5();
    const sha256 = createHash("sha256");
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    let size = 0;
    for (let read = -1; read !== 0; size += read) {
      read = readSync(descriptor, block);
      md5.update(block.subarray(0, read));
      sha256.update(block.subarray(0, read));
    }
    const after = fstatSync(descriptor, { bigint: true });
    const same = before.size === after.size && before.mtimeNs === after.mtimeNs;
    if (!same || BigInt(size) !== after.size) {
      const what = `Cannot hash ${printable(shown)}: it changed meanwhile`;
      throw new MlsignError("file-changed-while-hashing", what);
    }
    return { md5: md5.digest(), sha256: sha256.digest("hex"), size };
  } finally {
    closeSync(descriptor);
  }
}

function plainMd5(): TextMd5 {
  const hash = createHash("md5");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

function isText(name: Buffer): boolean {
  return Buffer.from(name.toString("utf8")).equals(name);
}

function unreadable(shown: string, cause: unknown): MlsignError {
  const what = `Cannot read ${printable(shown)}: ${messageOf(cause)}`;
  return new MlsignError("file-unreadable", what, { cause });
}

const BLOCK_BYTES = 256 * 1024;
