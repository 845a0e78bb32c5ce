import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import {
  byUtf8,
  messageOf,
  MlsignError,
  type OnProgress,
  printable,
  systemCode,
} from "@mlsign/core";
import { type DirEntry, dirJson, dirOid } from "./dir-object.ts";
import { hashListed, type ListedFile } from "./hash-files.ts";
import { type IgnoreRules, ignoreRules } from "./ignore.ts";
import { pythonName } from "./python-text.ts";

/** Digests of a data set as it lies on disk, all from one read of each file. */
export interface DataDigests {
  /** `<md5>` or `<md5>.dir`. */
  readonly oid: string;
  /** Of the file, or of the `.dir` object that DVC stores for a directory. */
  readonly sha256: string;
  /** Over each file's SHA-256 and name; `undefined` for a file, and where a name is no line of text. */
  readonly dirHash1: string | undefined;
  readonly size: number;
  readonly nfiles: number;
  readonly files: readonly (DirEntry & { readonly sha256: string; readonly size: number })[];
  /** What lies in the directory and DVC leaves out, directories with a `/` at their end: nothing holds it. */
  readonly ignored: readonly string[];
}

export interface HashOptions {
  /** Where DVC's repository is looked for, whose `.dvcignore` files then count: a checkout's root. */
  readonly within?: string;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Hashes a file or a directory as DVC does, and by SHA-256 in the same read: MD5 finds the data,
 * SHA-256 holds it. The SHA-256 of a directory's `.dir` object holds names and MD5 digests only,
 * so a directory's contents are held by dirHash1. A linked directory is not followed by DVC, and
 * so refused here.
 *
 * @throws MlsignError `file-unreadable`, `file-changed-while-hashing`, `special-file`,
 * `symlink-refused`, `dvc-invalid` for a `.dvcignore` inside the directory, as DVC has it
 */
export async function hashData(
  path: string,
  algorithm: "md5" | "md5-dos2unix",
  options: HashOptions = {},
): Promise<DataDigests> {
  const stats = statOf(path);
  if (!stats.isDirectory()) {
    const listed = { full: Buffer.from(path), relpath: ".", size: sizeOf(stats, path) };
    const [file] = await hashListed([listed], algorithm, options);
    if (file === undefined) throw new Error("One file has one digest");
    const { md5: oid, sha256, size } = file;
    const files = [file];
    return { oid, sha256, dirHash1: undefined, size, nfiles: 1, files, ignored: [] };
  }
  const found: Found = { rules: ignoreRules(path, options.within), files: [], ignored: [] };
  walk(found, Buffer.from(path), "");
  const files = await hashListed(found.files, algorithm, options);
  return {
    oid: dirOid(files),
    sha256: createHash("sha256").update(dirJson(files), "ascii").digest("hex"),
    dirHash1: dirHash1(files),
    size: files.reduce((sum, { size }) => sum + size, 0),
    nfiles: files.length,
    files,
    ignored: found.ignored,
  };
}

/** Go's `h1` in hexadecimal, as `@mlsign/manifest` has it: lines sorted by the bytes of the path. */
function dirHash1(files: DataDigests["files"]): string | undefined {
  if (files.some(({ relpath }) => relpath.includes("\n") || !relpath.isWellFormed()))
    return undefined;
  const hash = createHash("sha256");
  for (const { relpath, sha256 } of files.toSorted((a, b) => byUtf8(a.relpath, b.relpath))) {
    hash.update(`${sha256}  ${relpath}\n`);
  }
  return hash.digest("hex");
}

interface Found {
  readonly rules: IgnoreRules;
  readonly files: ListedFile[];
  readonly ignored: string[];
}

function walk(found: Found, folder: Buffer, below: string): void {
  for (const name of readdirSync(folder, { encoding: "buffer" })) {
    const full = Buffer.concat([folder, Buffer.from("/"), name]);
    const relpath = below === "" ? pythonName(name) : `${below}/${pythonName(name)}`;
    const isLink = lstatSync(full).isSymbolicLink();
    const stats = statOf(full);
    const isDirectory = stats.isDirectory();
    if (found.rules.ignores(relpath, isDirectory)) {
      found.ignored.push(isDirectory ? `${relpath}/` : relpath);
    } else if (isDirectory && isLink) {
      throw new MlsignError(
        "symlink-refused",
        `Cannot hash "${printable(relpath)}": DVC does not look into linked directories`,
      );
    } else if (isDirectory) {
      // A repository of DVC's own inside another one is left out.
      if (existsSync(Buffer.concat([full, Buffer.from("/.dvc")])))
        found.ignored.push(`${relpath}/`);
      else walk(found, full, relpath);
    } else if (name.equals(IGNORE_FILE)) {
      throw new MlsignError(
        "dvc-invalid",
        `Cannot hash "${printable(relpath)}": DVC refuses a .dvcignore inside a data directory`,
      );
    } else found.files.push({ full, relpath, size: sizeOf(stats, relpath) });
  }
}

function sizeOf(stats: ReturnType<typeof statOf>, relpath: string): number {
  if (stats.isFile()) return Number(stats.size);
  const what = `Cannot hash "${printable(relpath)}": not a regular file`;
  throw new MlsignError("special-file", what);
}

function statOf(path: string | Buffer): ReturnType<typeof statSync> & object {
  try {
    return statSync(path);
  } catch (cause) {
    throw new MlsignError(
      "file-unreadable",
      `Cannot read ${printable(path.toString())}: ${systemCode(cause) ?? messageOf(cause)}`,
      { cause },
    );
  }
}

const IGNORE_FILE = Buffer.from(".dvcignore");
