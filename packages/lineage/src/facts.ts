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
