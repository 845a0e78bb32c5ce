import type { CommitSignature } from "@mlsign/git";

/** The commit that a model was trained from, as seen in the checkout. */
export interface SourceFact {
  /** Without user name and password; `undefined` where the checkout has no remote. */
  readonly remote: string | undefined;
  readonly ref: string | undefined;
  readonly commit: string;
  readonly tree: string;
  /** Whether each tracked file was the commit's, and nothing else lay there; not told of a commit that is not checked out. */
  readonly clean: boolean | undefined;
  readonly shallow: boolean;
  /** Who signed the commit, by the keys that the caller gave. */
  readonly signature: CommitSignature;
}

/** A data set that DVC tracks, as the commit names it and as its bytes are. */
export interface DatasetFact {
  /** Path from the repository's root. */
  readonly path: string;
  /** The `.dvc` file or `dvc.lock` that names it, and that file's SHA-256 at the commit. */
  readonly file: string;
  readonly fileSha256: string;
  readonly oid: string;
  readonly algorithm: "md5" | "md5-dos2unix";
  /** From the bytes, in the same read as the MD5; `undefined` where the data is not here. */
  readonly sha256: string | undefined;
  readonly dirHash1: string | undefined;
  readonly size: number | undefined;
  readonly nfiles: number | undefined;
  /** Whether the bytes here have the DVC hash that the commit names. */
  readonly matches: boolean | undefined;
  /** Version id or generation of the remote's object, where DVC recorded one. */
  readonly versionId: string | undefined;
  /** The remote's objects that hold the data, each with its version; where a remote was asked. */
  readonly pins: Pins | undefined;
}

/** The objects that hold a data set in a bucket. */
export interface Pins {
  /** `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`: keys are below the bucket, and hold the prefix. */
  readonly remote: string;
  /** What stands for the whole first: the file, or DVC's list of a directory. */
  readonly objects: readonly Pin[];
}

/** One version of an object, by which the bucket gives the same bytes for as long as it has them. */
export interface Pin {
  readonly key: string;
  /** Version id of S3, generation of GCS. */
  readonly versionId: string;
  readonly size: number;
  /** Of the content, by algorithm (`MD5` in hex, others in base64 as the bucket has them). */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface ContainerFact {
  /** As given. */
  readonly reference: string;
  readonly registry: string;
  readonly repository: string;
  readonly digest: string | undefined;
}

/** A file of the commit that pins dependencies. */
export interface LockFact {
  /** Path from the repository's root. */
  readonly path: string;
  /** Of the file at the commit. */
  readonly sha256: string;
}

/** A model that this one was made from. */
export interface BaseModelFact {
  /** A package URL (`pkg:huggingface/…@REVISION`), or what the caller calls it. */
  readonly uri: string;
  readonly name: string;
  /** From its bytes; `undefined` where they are not here. */
  readonly root: string | undefined;
  readonly dirHash1: string | undefined;
  /** The Hub's git revision, 40 hex digits. */
  readonly revision: string | undefined;
}

/** The tracking server's run. It says what was logged, which nobody signed. */
export interface RunFact {
  readonly runId: string;
  /** What the run says of its commit and image; checked against the checkout, where it says so. */
  readonly commit: string | undefined;
  readonly image: string | undefined;
  readonly dirty: boolean | undefined;
}

/** What was collected, and in words what was not there to collect. */
export interface LineageFacts {
  readonly source: SourceFact | undefined;
  readonly datasets: readonly DatasetFact[];
  readonly container: ContainerFact | undefined;
  readonly locks: readonly LockFact[];
  readonly baseModels: readonly BaseModelFact[];
  readonly run: RunFact | undefined;
  readonly missing: readonly string[];
}
