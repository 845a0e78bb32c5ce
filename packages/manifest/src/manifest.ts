import { MlsignError, type OnProgress, printable } from "@mlsign/core";
import {
  type Digests,
  type FileDigests,
  type HashAlgorithm,
  hashFiles,
  type HashJob,
  type HashOptions,
  hashStream,
  type StreamJob,
} from "@mlsign/hash";
import { dirHash1, rootOf } from "./digests.ts";
import { Target } from "./into.ts";
import { sortByName } from "./listing.ts";
import { rangesOf, type Resource, type Serialization } from "./serialization.ts";
import type { ListedFile, Listing, OpenTree, TreeEntry, TreeSource } from "./source.ts";

export interface ManifestFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Digests of the whole file; with shards only those of `also`. */
  readonly digests: Digests;
}

export interface Manifest {
  readonly kind: Listing["kind"];
  /** Base name of the model. */
  readonly name: string;
  readonly serialization: Serialization;
  readonly files: readonly ManifestFile[];
  /** In the specification's order (OMS 5.2.1, 6.4). */
  readonly resources: readonly Resource[];
  /** SHA-256 over the raw digests of `resources`: binds contents, not names. */
  readonly root: string;
  /** Binds names too. Only where every file has a sha256 and no name holds a newline. */
  readonly dirHash1: string | undefined;
  /** Files whose digest is their source's word: their bytes were not read. */
  readonly unread: readonly string[];
}

export interface ManifestOptions extends Pick<HashOptions, "workers" | "signal"> {
  readonly serialization: Serialization;
  /** Digests of each whole file to take in the same pass. With shards, one thread reads a file. */
  readonly also?: readonly HashAlgorithm[] | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** A new, empty directory that receives the files as they are hashed: the same bytes. */
  readonly into?: string | undefined;
}

/**
 * Hashes what was listed, in one pass.
 *
 * @throws MlsignError as `hashFiles` and the source do, `limit-exceeded` for too many shards, and
 * `digests-insufficient` where the source knows digests alone, and not those that are wanted. What
 * `into` holds after an error is unverified.
 */
export async function manifestOf(
  source: TreeSource,
  listing: Listing,
  options: ManifestOptions,
): Promise<Manifest> {
  const { serialization } = options;
  const { hashed, unread } = await hashTree(source, listing, options);
  const files = listing.files.map(({ name: path, size }, at): ManifestFile => {
    return { path, size, digests: hashed[at]?.digests ?? {} };
  });
  const resources = [...resourcesOf(listing.files, hashed, serialization)];
  sortByName(resources, ({ name }) => name);
  return {
    kind: listing.kind,
    name: listing.name,
    serialization,
    files,
    resources,
    root: rootOf(resources),
    dirHash1: dirHashOf(files),
    unread,
  };
}

/** Digests in the order of the listing. */
async function hashTree(
  source: TreeSource,
  listing: Listing,
  options: ManifestOptions,
): Promise<{ readonly hashed: FileDigests[]; readonly unread: readonly string[] }> {
  const { serialization, also = [], onProgress, signal, workers } = options;
  const whole = serialization.method === "files";
  const hashing = {
    algorithms: whole ? [serialization.hashType, ...also] : also,
    rangeAlgorithms: whole ? [] : [serialization.hashType],
    onProgress,
    signal,
  };
  const target = options.into === undefined ? undefined : new Target(options.into, listing);
  const tree = source.open(listing);
  const { files } = listing;
  if (tree.kind === "digests") return knownDigests(files, tree, options);
  const jobOf = (file: ListedFile): Job => new Job(file, tree, serialization, target);
  if (tree.kind === "entries")
    return { hashed: await hashEntries(tree.entries, files.map(jobOf), hashing), unread: [] };
  // Jobs are made as they are needed, not kept: there may be a million.
  const at = (index: number): Job | undefined => {
    const file = files[index];
    return file === undefined ? undefined : jobOf(file);
  };
  return {
    hashed: await hashFiles({ length: files.length, at }, { ...hashing, workers }),
    unread: [],
  };
}

/** Digests that the source knows. What it doesn't know cannot be made up for here. */
async function knownDigests(
  files: readonly ListedFile[],
  tree: Extract<OpenTree, { kind: "digests" }>,
  { serialization, also = [], into, signal }: ManifestOptions,
): Promise<{ readonly hashed: FileDigests[]; readonly unread: readonly string[] }> {
  const insufficient = (why: string): MlsignError =>
    new MlsignError("digests-insufficient", `Cannot tell from digests alone: ${why}`);
  if (into !== undefined) throw insufficient("a copy wants the bytes");
  const { method, hashType } = serialization;
  const other = [...also, hashType].find((algorithm) => algorithm !== "sha256");
  if (method !== "files") throw insufficient("what was signed are digests of shards");
  if (other !== undefined) throw insufficient(`what is wanted are ${other} digests`);
  const hashed: FileDigests[] = [];
  const unread: string[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const known = await tree.digest(file);
    if (known === undefined)
      throw insufficient(`there is no SHA-256 of "${printable(file.name)}", and not its bytes`);
    hashed.push({ digests: { sha256: known.sha256 }, ranges: [] });
    if (!known.read) unread.push(file.name);
  }
  return { hashed, unread };
}

/** A listed file as work; each part is worked out when it is asked for. */
class Job implements HashJob {
  readonly name: string;
  readonly size: number;
  readonly #file: ListedFile;
  readonly #tree: OpenTree;
  readonly #serialization: Serialization;
  readonly #target: Target | undefined;

  constructor(
    file: ListedFile,
    tree: OpenTree,
    serialization: Serialization,
    target: Target | undefined,
  ) {
    this.name = file.name;
    this.size = file.size;
    this.#file = file;
    this.#tree = tree;
    this.#serialization = serialization;
    this.#target = target;
  }

  get ino(): bigint | undefined {
    return this.#file.ino;
  }

  get dev(): bigint | undefined {
    return this.#file.dev;
  }

  get path(): string {
    return this.#tree.kind === "paths" ? this.#tree.path(this.#file) : "";
  }

  get ranges(): HashJob["ranges"] {
    return rangesOf(this.size, this.#serialization);
  }

  get copyTo(): string | undefined {
    return this.#target?.place(this.name);
  }
}

/** Entries come in the source's order, digests go back in the listing's. */
async function hashEntries(
  entries: AsyncIterable<TreeEntry>,
  jobs: readonly Job[],
  hashing: HashOptions,
): Promise<FileDigests[]> {
  const places = new Map(jobs.map(({ name }, at) => [name, at]));
  const order: number[] = [];
  const inOrder = async function* (): AsyncGenerator<StreamJob> {
    for await (const { name, chunks } of entries) {
      const place = places.get(name);
      const job = place === undefined ? undefined : jobs[place];
      if (place === undefined || job === undefined) continue;
      places.delete(name);
      order.push(place);
      yield { name, size: job.size, ranges: job.ranges, copyTo: job.copyTo, chunks };
    }
  };
  const total = jobs.reduce((sum, { size }) => sum + size, 0);
  const digests = await hashStream(inOrder(), { ...hashing, total });
  for (const name of places.keys()) {
    const what = `Cannot hash "${printable(name)}": it was listed, and is not there`;
    throw new MlsignError("file-changed-while-hashing", what);
  }
  const hashed: FileDigests[] = [];
  for (const [at, digest] of digests.entries()) hashed[order[at] ?? 0] = digest;
  return hashed;
}

function* resourcesOf(
  files: readonly ListedFile[],
  hashed: readonly FileDigests[],
  serialization: Serialization,
): Generator<Resource> {
  const algorithm = serialization.hashType;
  for (const [at, { name, size }] of files.entries()) {
    const cuts = rangesOf(size, serialization);
    if (cuts === undefined) {
      yield { name, algorithm, digest: digestOf(hashed[at]?.digests, algorithm) };
    }
    for (const [range, [start, end]] of (cuts ?? []).entries()) {
      const digest = digestOf(hashed[at]?.ranges[range], algorithm);
      yield { name: `${name}:${start}:${end}`, algorithm, digest };
    }
  }
}

function digestOf(digests: Digests | undefined, algorithm: HashAlgorithm): string {
  const digest = digests?.[algorithm];
  if (digest === undefined) throw new Error(`No ${algorithm} digest was taken`);
  return digest;
}

function dirHashOf(files: readonly ManifestFile[]): string | undefined {
  const hashes: { path: string; sha256: string }[] = [];
  for (const { path, digests } of files) {
    if (digests.sha256 === undefined || path.includes("\n")) return undefined;
    hashes.push({ path, sha256: digests.sha256 });
  }
  return dirHash1(hashes);
}
