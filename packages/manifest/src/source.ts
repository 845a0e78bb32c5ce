/** A regular file as it was when it was listed. */
export interface ListedFile {
  /** Relative to the model, `/`-separated; `.` where the model is one file. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Identity, where the source is a local tree: what is hashed later must be the same file. */
  readonly ino?: bigint | undefined;
  readonly dev?: bigint | undefined;
  /** Absolute path of a link's target, where links are allowed and `name` leads through one. */
  readonly real?: string | undefined;
}

/** What a model holds, in the order of the UTF-8 bytes of the names (OMS 5.2.1, 6.4). */
export interface Listing {
  readonly kind: "file" | "directory" | "archive";
  /** Base name of the model. */
  readonly name: string;
  /** Absolute path of the model, links resolved. */
  readonly root: string;
  readonly files: readonly ListedFile[];
  /** Files and links that are there and were left out by an ignored path; without git's own. */
  readonly ignored: readonly string[];
  /** Pairs of names that only letter case or Unicode normalisation tells apart. */
  readonly clashes: readonly (readonly [string, string])[];
}

export interface ListOptions {
  /** Leave out the top-level `.git`, `.gitattributes`, `.github` and `.gitignore`. Default true. */
  readonly ignoreGit?: boolean | undefined;
  /** Names to leave out, with all below them: exact, relative to the model, no patterns. */
  readonly ignorePaths?: readonly string[] | undefined;
  /** Follow links whose target is inside the model. Default false: a link is refused. */
  readonly allowSymlinks?: boolean | undefined;
  /** Look at these names only; what else is there does not matter, nor that one is missing. */
  readonly only?: readonly string[] | undefined;
  /** List a model without files, rather than refuse it. */
  readonly allowEmpty?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file of a source that can only be read in its own order. */
export interface TreeEntry {
  readonly name: string;
  readonly size: number;
  /** The bytes, once; what is not read is skipped. A piece lives until the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A digest that a source knows of a file, and whether it read the bytes for it. */
export interface KnownDigest {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly read: boolean;
}

/**
 * How the files of a listing are read: anywhere by path, or once in the source's order; or not at
 * all, where the source names its files by their digests (`undefined`: not this one).
 */
export type OpenTree =
  | { readonly kind: "paths"; path(file: ListedFile): string }
  | { readonly kind: "entries"; readonly entries: AsyncIterable<TreeEntry> }
  | { readonly kind: "digests"; digest(file: ListedFile): Promise<KnownDigest | undefined> };

/** A file whose bytes are not what its source calls it by. */
export interface Misnamed {
  readonly name: string;
  readonly why: string;
}

/** A model, wherever it lies. */
export interface TreeSource {
  /** @throws MlsignError; see each source. */
  list(options?: ListOptions): Promise<Listing>;
  open(listing: Listing): OpenTree;
  /** What the source itself says of its files' digests, where it says anything. */
  check?(
    listing: Listing,
    sha256: (name: string) => string | undefined,
  ): Promise<readonly Misnamed[]>;
}
