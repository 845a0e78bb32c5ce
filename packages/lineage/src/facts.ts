/** The commit that a model was trained from, as seen in the checkout. */
export interface SourceFact {
  /** Without user name and password; `undefined` where the checkout has no remote. */
  readonly remote: string | undefined;
  readonly ref: string | undefined;
  readonly commit: string;
  readonly tree: string;
  /** Whether each tracked file was the commit's, and nothing else lay there. */
  readonly clean: boolean;
  readonly shallow: boolean;
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
}

export interface ContainerFact {
  /** As given. */
  readonly reference: string;
  readonly registry: string;
  readonly repository: string;
  readonly digest: string | undefined;
}

/** What was collected, and in words what was not there to collect. */
export interface LineageFacts {
  readonly source: SourceFact | undefined;
  readonly datasets: readonly DatasetFact[];
  readonly container: ContainerFact | undefined;
  readonly missing: readonly string[];
}
