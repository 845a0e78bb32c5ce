import type { OnProgress } from "@mlsign/core";
import type { Digests, HashAlgorithm } from "./algorithms.ts";

/** A file to hash, as it was when it was listed. */
export interface HashJob {
  /** Absolute, with every link resolved: the last part is never followed. */
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
  /** Bytes that the file must have. */
  readonly size: number;
  /** Identity that the file must have. */
  readonly ino?: bigint | undefined;
  readonly dev?: bigint | undefined;
  /** Byte ranges `[start, end)` that follow each other from 0 to `size`. */
  readonly ranges?: readonly (readonly [start: number, end: number])[] | undefined;
  /** A new file that receives the bytes as they are hashed, flushed to the disk. */
  readonly copyTo?: string | undefined;
}

/** Jobs in a list, or made whenever one is asked for: of a million files, few are needed at once. */
export interface HashJobs {
  readonly length: number;
  at(index: number): HashJob | undefined;
}

export interface HashOptions {
  /** Digests of each whole file. With ranges as well, one thread reads all of the file. */
  readonly algorithms?: readonly HashAlgorithm[] | undefined;
  /** Digests of each range of a file that has ranges. */
  readonly rangeAlgorithms?: readonly HashAlgorithm[] | undefined;
  /** Threads beside this one; default is one fewer than the machine runs. 0 hashes here. */
  readonly workers?: number | undefined;
  /** Called some ten times a second, with bytes, and once at the end. */
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one file has: digests of the whole, and of each range in order. */
export interface FileDigests {
  readonly digests: Digests;
  readonly ranges: readonly Digests[];
}
