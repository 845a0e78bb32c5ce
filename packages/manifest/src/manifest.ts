import { MlsignError, type OnProgress, printable } from "@mlsign/core";
import {
  type Digests,
  type FileDigests,
  type HashAlgorithm,
  hashFiles,
  type HashOptions,
  hashStream,
  type StreamJob,
} from "@mlsign/hash";
import { dirHash1, rootOf } from "./digests.ts";
import { Target } from "./into.ts";
import { sortByName } from "./listing.ts";
import { rangesOf, type Resource, type Serialization } from "./serialization.ts";
import type { ListedFile, Listing, TreeEntry, TreeSource } from "./source.ts";

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
 * @throws MlsignError as `hashFiles` and the source do, and `limit-exceeded` for too many shards.
 * What `into` holds after an error is unverified.
 */
export async function manifestOf(
  source: TreeSource,
  listing: Listing,
  options: ManifestOptions,
): Promise<Manifest> {
  const { serialization } = options;
  const hashed = await hashTree(source, listing, options);
  const files = hashed.map(({ file, digests }) => ({ path: file.name, size: file.size, digests }));
  const resources = sortByName([...resourcesOf(hashed, serialization)], ({ name }) => name);
  return {
    kind: listing.kind,
    name: listing.name,
    serialization,
    files,
    resources,
    root: rootOf(resources),
    dirHash1: dirHashOf(files),
  };
}

interface Hashed extends FileDigests {
  readonly file: ListedFile;
}

type JobOf = (file: ListedFile) => Omit<StreamJob, "chunks">;

async function hashTree(
  source: TreeSource,
  listing: Listing,
  options: ManifestOptions,
): Promise<Hashed[]> {
  const { serialization, also = [], onProgress, signal } = options;
  const whole = serialization.method === "files";
  const hashing = {
    algorithms: whole ? [serialization.hashType, ...also] : also,
    rangeAlgorithms: whole ? [] : [serialization.hashType],
    onProgress,
    signal,
  };
  const target = options.into === undefined ? undefined : new Target(options.into, listing);
  const jobOf: JobOf = ({ name, size }) => {
    return { name, size, ranges: rangesOf(size, serialization), copyTo: target?.place(name) };
  };
  const tree = source.open(listing);
  if (tree.kind === "entries") return hashEntries(tree.entries, listing, jobOf, hashing);
  const jobs = listing.files.map((file) => {
    return { ...jobOf(file), path: tree.path(file), ino: file.ino, dev: file.dev };
  });
  const digests = await hashFiles(jobs, { ...hashing, workers: options.workers });
  return digests.map((digest, at) => ({ file: listing.files[at] as ListedFile, ...digest }));
}

/** Entries come in the source's order, digests go back in the listing's. */
async function hashEntries(
  entries: AsyncIterable<TreeEntry>,
  listing: Listing,
  jobOf: JobOf,
  hashing: HashOptions,
): Promise<Hashed[]> {
  const wanted = new Map(listing.files.map((file) => [file.name, file]));
  const order: ListedFile[] = [];
  const jobs = async function* (): AsyncGenerator<StreamJob> {
    for await (const { name, chunks } of entries) {
      const file = wanted.get(name);
      if (file === undefined) continue;
      wanted.delete(name);
      order.push(file);
      yield { ...jobOf(file), chunks };
    }
  };
  const total = listing.files.reduce((sum, { size }) => sum + size, 0);
  const digests = await hashStream(jobs(), { ...hashing, total });
  for (const name of wanted.keys()) {
    const what = `Cannot hash "${printable(name)}": it was listed, and is not there`;
    throw new MlsignError("file-changed-while-hashing", what);
  }
  const hashed = digests.map((digest, at) => ({ file: order[at] as ListedFile, ...digest }));
  return sortByName(hashed, ({ file }) => file.name);
}

function* resourcesOf(
  hashed: readonly Hashed[],
  serialization: Serialization,
): Generator<Resource> {
  const algorithm = serialization.hashType;
  for (const { file, digests, ranges } of hashed) {
    const cuts = rangesOf(file.size, serialization);
    if (cuts === undefined)
      yield { name: file.name, algorithm, digest: digestOf(digests, algorithm) };
    for (const [at, [start, end]] of (cuts ?? []).entries()) {
      yield {
        name: `${file.name}:${start}:${end}`,
        algorithm,
        digest: digestOf(ranges[at], algorithm),
      };
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
