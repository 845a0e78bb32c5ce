import type { Digests, HashAlgorithm } from "./algorithms.ts";

/** One stretch of one file for one reader: the whole file, or some of its ranges. */
export interface Unit {
  /** Place of the file in the caller's list. */
  readonly job: number;
  readonly path: string;
  /** Size and identity that the file must have. */
  readonly size: number;
  readonly ino?: bigint | undefined;
  readonly dev?: bigint | undefined;
  readonly copyTo?: string | undefined;
  /** Ends of the ranges in this unit, which follow each other from `start`. */
  readonly start: number;
  readonly ends?: readonly number[] | undefined;
  /** Place of the first of them in the file's list of ranges. */
  readonly firstRange: number;
}

export interface UnitResult {
  readonly job: number;
  readonly firstRange: number;
  readonly digests: Digests;
  readonly ranges: readonly Digests[];
  /** What the file was when this reader saw it; only where it has other readers as well. */
  readonly stamp?: string | undefined;
}

export interface Algorithms {
  readonly file: readonly HashAlgorithm[];
  readonly range: readonly HashAlgorithm[];
}

/** The byte after the unit's last. */
function endOf(unit: Unit): number {
  return unit.ends?.at(-1) ?? unit.size;
}

export function isPart(unit: Unit): boolean {
  return unit.start > 0 || endOf(unit) < unit.size;
}

/** What opening and closing a file takes, in bytes hashed. */
export const FILE_COST: number = 12 * 1024;
