import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { hexOf, type OnProgress, printable, sha256 } from "@mlsign/core";
import { type DvcOut, hashData, parseDvcFile, parseDvcLock } from "@mlsign/dvc";
import { readBlob } from "@mlsign/git";
import type { DatasetFact } from "./facts.ts";
import { type DataRemote, pinData } from "./pin-data.ts";

/**
 * The outputs of `.dvc` files and `dvc.lock`s of a commit, each with its bytes hashed anew where
 * they are in the work tree.
 *
 * @throws MlsignError `dvc-invalid`, or of reading the data
 */
export async function collectData(
  at: { readonly root: string; readonly commit: string },
  files: readonly string[],
  telling: Telling,
): Promise<DatasetFact[]> {
  const facts: DatasetFact[] = [];
  for (const file of new Set(files)) facts.push(...(await datasetsOf(at, file, telling)));
  return facts;
}

/** Where it is said what is missing, and how far the hashing is. */
interface Telling {
  readonly missing: string[];
  readonly onProgress?: OnProgress | undefined;
  /** Asked for the versions of its objects. */
  readonly remote?: DataRemote | undefined;
}

async function datasetsOf(
  { root, commit }: { readonly root: string; readonly commit: string },
  file: string,
  telling: Telling,
): Promise<DatasetFact[]> {
  const blob = await readBlob(root, commit, file);
  if (blob === undefined) {
    telling.missing.push(`no data: ${printable(file)} is not in the commit`);
    return [];
  }
  const text = blob.toString("utf8");
  // Where a stage runs, and so where its outputs are, only the dvc.yaml beside its lock says.
  const pipeline = file.endsWith(".lock")
    ? await readBlob(root, commit, file.replace(/\.lock$/, ".yaml"))
    : undefined;
  const stages = file.endsWith(".lock")
    ? parseDvcLock(text, file, pipeline?.toString("utf8"))
    : [parseDvcFile(text, file)];
  const fileSha256 = hexOf(sha256(blob));
  const facts: DatasetFact[] = [];
  for (const { outs, wdir } of stages) {
    for (const out of outs) {
      const fact = await datasetOf(root, join(dirname(file), wdir ?? "."), out, telling);
      if (fact !== undefined) facts.push({ ...fact, file, fileSha256 });
    }
  }
  return facts;
}

async function datasetOf(
  root: string,
  base: string,
  out: DvcOut,
  { missing, onProgress, remote }: Telling,
): Promise<Omit<DatasetFact, "file" | "fileSha256"> | undefined> {
  const path = join(base, out.path);
  if (out.oid === undefined) {
    missing.push(
      `no data: ${printable(path)} has no DVC hash${out.etagOnly ? ", and an ETag is none" : ""}`,
    );
    return undefined;
  }
  const { oid, algorithm, versionId } = out;
  const pins = remote && (await pinData(remote, { path, out }, missing));
  const common = { path, oid, algorithm, versionId, pins };
  const full = resolve(root, path);
  if (relative(root, full).startsWith("..") || !existsSync(full)) {
    missing.push(`the bytes of ${printable(path)} are not here: nothing but DVC's MD5 holds them`);
    const { size, nfiles } = out;
    return { ...common, sha256: undefined, dirHash1: undefined, size, nfiles, matches: undefined };
  }
  const hashed = await hashData(full, algorithm, { within: root, onProgress });
  const { oid: own, sha256: strong, dirHash1, size, nfiles, ignored } = hashed;
  if (ignored.length > 0)
    missing.push(
      `DVC leaves ${ignored.length} names in ${printable(path)} out: nothing holds them`,
    );
  const matches = own === oid;
  if (!matches) missing.push(`the bytes of ${printable(path)} are not those that the commit names`);
  return { ...common, sha256: strong, dirHash1, size, nfiles, matches };
}
