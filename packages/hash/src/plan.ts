import { availableParallelism } from "node:os";
import type { HashJob } from "./job.ts";
import { type Algorithms, costOf, FILE_COST, type Unit } from "./unit.ts";

/** Units that one thread does at a stretch. */
export interface Batch {
  readonly units: readonly Unit[];
  readonly cost: number;
}

/**
 * Cuts the work into batches, those with much work first, so that no thread is left with a big one
 * at the end. Small files stay together, in the order of the listing.
 */
export function planBatches(jobs: readonly HashJob[], algorithms: Algorithms): Batch[] {
  const size = batchSize(jobs);
  const big: Batch[] = [];
  const small: Batch[] = [];
  let units: Unit[] = [];
  let cost = 0;
  const flush = (): void => {
    if (units.length > 0) small.push({ units, cost });
    units = [];
    cost = 0;
  };
  for (const unit of unitsOf(jobs, algorithms)) {
    const own = costOf(unit);
    if (own >= size) {
      big.push({ units: [unit], cost: own });
      continue;
    }
    units.push(unit);
    cost += own;
    if (cost >= size) flush();
  }
  flush();
  return [...big.sort((a, b) => b.cost - a.cost), ...small];
}

function* unitsOf(jobs: readonly HashJob[], algorithms: Algorithms): Generator<Unit> {
  for (const [job, { path, size, ino, dev, ranges, copyTo }] of jobs.entries()) {
    const file = { job, path, size, ino, dev, copyTo };
    if (ranges === undefined) {
      yield { ...file, start: 0, firstRange: 0 };
      continue;
    }
    const ends = endsOf(ranges, size);
    // A digest of the whole file, or a copy of it, needs one reader for all of it.
    if (algorithms.file.length > 0 || copyTo !== undefined || ranges.length < 2) {
      yield { ...file, start: 0, ends, firstRange: 0 };
      continue;
    }
    for (const [firstRange, [start, end]] of ranges.entries()) {
      yield { ...file, start, ends: [end], firstRange };
    }
  }
}

/** @throws RangeError where the ranges do not follow each other from 0 to `size`. */
export function endsOf(ranges: NonNullable<HashJob["ranges"]>, size: number): number[] {
  let at = 0;
  for (const [start, end] of ranges) {
    if (start !== at || end <= start)
      throw new RangeError(`Range ${start}:${end} does not follow ${at}`);
    at = end;
  }
  if (at !== size) throw new RangeError(`Ranges end at ${at}, wanted ${size}`);
  return ranges.map(([, end]) => end);
}

/** Some ten batches a thread, so that all of them end at about the same time. */
function batchSize(jobs: readonly HashJob[]): number {
  const total = jobs.reduce((sum, { size }) => sum + size + FILE_COST, 0);
  return Math.min(MAX_BATCH_COST, total / (10 * availableParallelism()));
}

/** Above this a batch is one big file or range. */
export const MAX_BATCH_COST: number = 8 * 1024 * 1024;
