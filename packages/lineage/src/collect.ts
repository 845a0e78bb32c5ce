import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { hexOf, messageOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { type DvcOut, hashData, parseDvcFile, parseDvcLock } from "@mlsign/dvc";
import { openRepository, readBlob, readCommit, type Repository, workTreeState } from "@mlsign/git";
import { parseReference } from "@mlsign/oci";
import type { ContainerFact, DatasetFact, LineageFacts } from "./facts.ts";

export interface CollectOptions {
  /** A folder of the checkout. */
  readonly folder: string;
  /** `.dvc` files or `dvc.lock`s, relative to `folder`; all of their outputs are meant. */
  readonly data: readonly string[];
  readonly container?: string;
}

/**
 * Collects where a model comes from: the commit, the data that the commit's own `.dvc` files name
 * (read from the commit, not from the work tree) with its bytes hashed anew, and the container.
 * What is not there is named, not passed over.
 *
 * @throws MlsignError `reference-invalid`, `dvc-invalid`, or of reading the data
 */
export async function collectLineage(options: CollectOptions): Promise<LineageFacts> {
  const missing: string[] = [];
  const repository = await open(options.folder, missing);
  const source = repository === undefined ? undefined : await sourceOf(repository, missing);
  const datasets: DatasetFact[] = [];
  if (repository !== undefined) {
    for (const file of options.data) {
      const path = relative(repository.root, resolve(options.folder, file));
      datasets.push(...(await datasetsOf(repository, path, missing)));
    }
  }
  if (options.data.length === 0) missing.push("no data: no .dvc file or dvc.lock was named");
  const container = containerOf(options.container, missing);
  return { source, datasets, container, missing };
}

async function open(folder: string, missing: string[]): Promise<Repository | undefined> {
  try {
    return await openRepository(folder);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    missing.push(`no source: ${messageOf(error)}`);
    return undefined;
  }
}

async function sourceOf(
  repository: Repository,
  missing: string[],
): Promise<LineageFacts["source"]> {
  const { root, head, ref, remote, shallow } = repository;
  const [commit, state] = [await readCommit(root, head), await workTreeState(repository)];
  if (!state.clean) {
    const parts = [...state.changed, ...state.missing, ...state.untracked];
    missing.push(
      `the work tree is not the commit's: ${parts.slice(0, 5).map(printable).join(", ")}`,
    );
  }
  if (remote === undefined) missing.push("no remote: nobody else can find the commit");
  return { remote, ref, commit: head, tree: commit.tree, clean: state.clean, shallow };
}

async function datasetsOf(
  repository: Repository,
  file: string,
  missing: string[],
): Promise<DatasetFact[]> {
  const blob = await readBlob(repository.root, repository.head, file);
  if (blob === undefined) {
    missing.push(`no data: ${printable(file)} is not in the commit`);
    return [];
  }
  const text = blob.toString("utf8");
  const stages = file.endsWith(".lock") ? parseDvcLock(text, file) : [parseDvcFile(text, file)];
  const fileSha256 = hexOf(sha256(blob));
  return stages.flatMap(({ outs, wdir }) =>
    outs.flatMap((out) => {
      const fact = datasetOf(repository.root, join(dirname(file), wdir ?? "."), out, missing);
      return fact === undefined ? [] : [{ ...fact, file, fileSha256 }];
    }),
  );
}

function datasetOf(
  root: string,
  base: string,
  out: DvcOut,
  missing: string[],
): Omit<DatasetFact, "file" | "fileSha256"> | undefined {
  const path = join(base, out.path);
  if (out.oid === undefined) {
    missing.push(
      `no data: ${printable(path)} has no DVC hash${out.etagOnly ? ", and an ETag is none" : ""}`,
    );
    return undefined;
  }
  const common = { path, oid: out.oid, algorithm: out.algorithm };
  const full = resolve(root, path);
  if (relative(root, full).startsWith("..") || !existsSync(full)) {
    missing.push(`the bytes of ${printable(path)} are not here: nothing but DVC's MD5 holds them`);
    const { size, nfiles } = out;
    return { ...common, sha256: undefined, dirHash1: undefined, size, nfiles, matches: undefined };
  }
  const { oid, sha256: strong, dirHash1, size, nfiles } = hashData(full, out.algorithm);
  const matches = oid === out.oid;
  if (!matches) missing.push(`the bytes of ${printable(path)} are not those that the commit names`);
  return { ...common, sha256: strong, dirHash1, size, nfiles, matches };
}

function containerOf(reference: string | undefined, missing: string[]): ContainerFact | undefined {
  if (reference === undefined) {
    missing.push("no container: no image was named");
    return undefined;
  }
  const { registry, repository, digest } = parseReference(reference);
  if (digest === undefined)
    missing.push(`the container ${printable(reference)} has no digest, and its tag can move`);
  return { reference, registry, repository, digest };
}
