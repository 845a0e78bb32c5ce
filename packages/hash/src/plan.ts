import { availableParallelism } from "node:os";
import type { HashJob, HashJobs } from "./job.ts";
import { type Algorithms, FILE_COST, type Unit } from "./unit.ts";

/** Units that one thread does at a stretch. */
export interface Batch {
  /** In bytes hashed: opening and closing a file takes as long as some KiB. */
  readonly cost: number;
  /** Made when it is their turn: a model may have a million files. */
  units(): Unit[];
}

/**
 * Cuts the work into batches, those with much work first, so that no thread is left with a big one
 * at the end. Small files stay together, in the order of the listing.
 */
export function planBatches(jobs: HashJobs, algorithms: Algorithms): Batch[] {
  const limit = batchCost(jobs);
  const big: Batch[] = [];
  const small: Batch[] = [];
  let parts: number[] = [];
  let cost = 0;
  const flush = (): void => {
    if (parts.length > 0) small.push(batchOf(jobs, parts, cost));
    parts = [];
    cost = 0;
  };
  for (let job = 0; job < jobs.length; job += 1) {
    const { size, ranges, copyTo } = jobAt(jobs, job);
    if (ranges !== undefined) checkRanges(ranges, size);
    // A digest of the whole file, or a copy of it, needs one reader for all of it.
    const whole = algorithms.file.length > 0 || copyTo !== undefined;
    const cuts = whole || ranges === undefined || ranges.length < 2 ? WHOLE : ranges;
    for (const [range, [start, end]] of cuts.entries()) {
      const [part, own] =
        cuts === WHOLE ? [-1, size + FILE_COST] : [range, end - start + FILE_COST];
      if (own >= limit) {
        big.push(batchOf(jobs, [job, part], own));
        continue;
      }
      parts.push(job, part);
      cost += own;
      if (cost >= limit) flush();
    }
  }
  flush();
  return [...big.sort((a, b) => b.cost - a.cost), ...small];
}

/** @param parts pairs of a job and one of its ranges, or -1 for the whole file */
function batchOf(jobs: HashJobs, parts: readonly number[], cost: number): Batch {
  const units = function* (): Generator<Unit> {
    for (let at = 0; at < parts.length; at += 2) {
      const [job = 0, part = -1] = [parts[at], parts[at + 1]];
      yield unitOf(jobAt(jobs, job), job, part);
    }
  };
  return { cost, units: () => [...units()] };
}

function unitOf(
  { path, size, ino, dev, ranges, copyTo }: HashJob,
  job: number,
  part: number,
): Unit {
  const file = { job, path, size, ino, dev, copyTo };
  const range = ranges?.[part];
  if (range !== undefined) return { ...file, start: range[0], ends: [range[1]], firstRange: part };
  return { ...file, start: 0, ends: ranges?.map(([, end]) => end), firstRange: 0 };
}

/** @throws RangeError where the ranges do not follow each other from 0 to `size`. */
export function checkRanges(ranges: NonNullable<HashJob["ranges"]>, size: number): void {
  let at = 0;
  for (const [start, end] of ranges) {
    if (start !== at || end <= start) {
      throw new RangeError(`Range ${start}:${end} does not follow ${at}`);
    }
    at = end;
  }
  if (at !== size) throw new RangeError(`Ranges end at ${at}, wanted ${size}`);
}

/** Some ten batches a thread, so that all of them end at about the same time. */
function batchCost(jobs: HashJobs): number {
  const total = totalOf(jobs) + jobs.length * FILE_COST;
  return Math.min(MAX_BATCH_COST, total / (10 * availableParallelism()));
}

/** Bytes of all files. */
export function totalOf(jobs: HashJobs): number {
  let total = 0;
  for (let job = 0; job < jobs.length; job += 1) total += jobAt(jobs, job).size;
  return total;
}

function jobAt(jobs: HashJobs, index: number): HashJob {
  const job = jobs.at(index);
  if (job === undefined) throw new RangeError(`No job ${index} of ${jobs.length}`);
  return job;
}

/** Above this a batch is one big file or range. */
export const MAX_BATCH_COST: number = 8 * 1024 * 1024;
const WHOLE = [[0, 0]] as const;
