import { join, relative, resolve, sep } from "node:path";
import { hexOf, messageOf, MlsignError, type OnProgress, printable, sha256 } from "@mlsign/core";
import {
  type CommitTrust,
  openRepository,
  readBlob,
  readCommit,
  type Repository,
  verifyCommit,
  workTreeState,
} from "@mlsign/git";
import { parseReference } from "@mlsign/oci";
import { collectData } from "./collect-data.ts";
import type {
  BaseModelFact,
  ContainerFact,
  LineageFacts,
  LockFact,
  RunFact,
  SourceFact,
} from "./facts.ts";
import type { DataRemote } from "./pin-data.ts";

export interface CollectOptions {
  /** A folder of the checkout. */
  readonly folder: string;
  /** Another commit than the one that is checked out, for whoever verifies. */
  readonly commit?: string | undefined;
  /** The ref that a CI gave, for a checkout with a detached HEAD. */
  readonly ref?: string | undefined;
  /** `.dvc` files or `dvc.lock`s, relative to `folder`; all of their outputs are meant. */
  readonly data: readonly string[];
  readonly container?: string | undefined;
  /** Files that pin dependencies, relative to `folder`. */
  readonly locks?: readonly string[];
  readonly baseModels?: readonly BaseModelFact[];
  readonly run?: RunFact | undefined;
  /** Where DVC keeps the data: its objects are pinned to their versions. */
  readonly remote?: DataRemote | undefined;
  /** What the training made, absolute: the model and what lies beside it. It makes no tree dirty. */
  readonly outputs?: readonly string[];
  /** Who may sign commits. */
  readonly commitTrust?: CommitTrust;
  readonly onProgress?: OnProgress;
}

/**
 * Collects where a model comes from: the commit and its signer, the data that the commit's own
 * `.dvc` files name (read from the commit, not from the work tree) with its bytes hashed anew, the
 * container, lock files, base models. What is not there is named, not passed over.
 *
 * @throws MlsignError `reference-invalid`, `dvc-invalid`, or of reading the data
 */
export async function collectLineage(options: CollectOptions): Promise<LineageFacts> {
  const { folder, data, baseModels = [], run, onProgress, remote } = options;
  const missing: string[] = [];
  const repository = await open(options, missing);
  const source = repository && (await sourceOf(repository, options, missing));
  const at = source && repository ? { root: repository.root, commit: source.commit } : undefined;
  const inRepository = (file: string): string =>
    at === undefined ? file : relative(at.root, resolve(folder, file));
  const telling = { missing, onProgress, remote };
  const datasets = at ? await collectData(at, data.map(inRepository), telling) : [];
  if (data.length === 0) missing.push("no data: no .dvc file or dvc.lock was named");
  const container = containerOf(options.container, missing);
  const locks = at ? await locksOf(at, (options.locks ?? []).map(inRepository), missing) : [];
  for (const { name, root, revision } of baseModels) {
    if (root === undefined && revision !== undefined)
      missing.push(
        `the bytes of the base model ${printable(name)} are not here: only its revision`,
      );
  }
  compareRun(run, { source, container }, missing);
  return { source, datasets, container, locks, baseModels, run, missing };
}

async function open(
  { folder }: CollectOptions,
  missing: string[],
): Promise<Repository | undefined> {
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
  options: CollectOptions,
  missing: string[],
): Promise<SourceFact | undefined> {
  const { root, head, remote, shallow } = repository;
  const wanted = options.commit ?? head;
  let commit;
  try {
    commit = await readCommit(root, wanted);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    missing.push(`no source: commit ${printable(wanted)} is not in this repository`);
    return undefined;
  }
  const ref = wanted === head ? (repository.ref ?? options.ref) : undefined;
  const { outputs = [] } = options;
  const clean = wanted === head ? await cleanness(repository, outputs, missing) : undefined;
  if (remote === undefined) missing.push("no remote: nobody else can find the commit");
  if (shallow) missing.push("the clone is shallow: which branch has the commit cannot be told");
  if (ref !== undefined && MERGE_REF.test(ref)) {
    missing.push(`${printable(ref)} is a merge that only the forge has, and may forget`);
  }
  const signature = await verifyCommit(commit, options.commitTrust ?? {});
  if (options.commitTrust !== undefined && signature.status !== "good")
    missing.push(`nobody vouches for the commit: ${signature.why}`);
  return { remote, ref, commit: wanted, tree: commit.tree, clean, shallow, signature };
}

async function cleanness(
  repository: Repository,
  outputs: readonly string[],
  missing: string[],
): Promise<boolean> {
  const state = await workTreeState(repository);
  const made = outputs.map((path) => relative(repository.root, path).split(sep).join("/"));
  const untracked = state.untracked.filter(
    (name) => !made.some((path) => name === path || name.startsWith(`${path}/`)),
  );
  const parts = [...state.changed, ...state.missing, ...untracked];
  if (parts.length === 0) return true;
  const more = parts.length > MOST_NAMED ? `, and ${parts.length - MOST_NAMED} more` : "";
  const named = parts.slice(0, MOST_NAMED).map(printable).join(", ");
  missing.push(`the work tree is not the commit's: ${named}${more}`);
  return false;
}

function containerOf(reference: string | undefined, missing: string[]): ContainerFact | undefined {
  if (reference === undefined) {
    missing.push("no container: no image was named");
    return undefined;
  }
  const { registry, repository, tag = "latest", digest } = parseReference(reference);
  if (digest === undefined && tag === "latest") {
    throw new MlsignError(
      "reference-invalid",
      `Cannot record container "${printable(reference)}": latest names no image`,
      { hint: "name the image by its digest: NAME@sha256:…" },
    );
  }
  if (digest === undefined)
    missing.push(`the container ${printable(reference)} has no digest, and its tag can move`);
  return { reference, registry, repository, digest };
}

async function locksOf(
  at: { readonly root: string; readonly commit: string },
  files: readonly string[],
  missing: string[],
): Promise<LockFact[]> {
  const locks: LockFact[] = [];
  for (const path of new Set(files)) {
    const blob = path.startsWith("..") ? undefined : await readBlob(at.root, at.commit, path);
    if (blob === undefined) missing.push(`no lock file: ${printable(path)} is not in the commit`);
    else locks.push({ path: join(path), sha256: hexOf(sha256(blob)) });
  }
  return locks;
}

/** A run is what the training code logged: it may confirm, and where it contradicts, that is said. */
function compareRun(
  run: RunFact | undefined,
  { source, container }: Pick<LineageFacts, "source" | "container">,
  missing: string[],
): void {
  if (run === undefined) return;
  const shown = printable(run.runId);
  if (run.commit !== undefined && source !== undefined && run.commit !== source.commit)
    missing.push(`run ${shown} logged another commit: ${printable(run.commit)}`);
  if (run.dirty === true) missing.push(`run ${shown} logged a work tree with changes`);
  const { image } = run;
  if (image?.includes("@") && container?.digest && !image.endsWith(container.digest))
    missing.push(`run ${shown} logged another image: ${printable(image)}`);
}

const MOST_NAMED = 5;
/** What GitHub and GitLab check out for a pull or merge request. */
const MERGE_REF = /^refs\/(?:pull|merge-requests)\/\d+\/merge$/;
