import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault, faultOf } from "./fault.ts";
import type { FileDigests, HashJobs, HashOptions } from "./job.ts";
import { Meter } from "./meter.ts";
import { named } from "./named.ts";
import { type Batch, planBatches, totalOf } from "./plan.ts";
import type { Pool } from "./pool.ts";
import { Reader } from "./reader.ts";
import { Results } from "./results.ts";
import type { Algorithms } from "./unit.ts";

/**
 * Digests of many files, in the order of `jobs`. This thread and some workers share the bytes;
 * ranges of one file go to several of them. Memory does not grow with the size of a file.
 *
 * Each reader opens a file once, follows no link, and compares what the file is before and after
 * (size, times, inode, device), also with what `jobs` and the file's other readers say.
 *
 * @throws MlsignError `file-changed-while-hashing`, `file-unreadable`; with `copyTo` also
 * `output-exists`, `file-unwritable`, `disk-full`. RangeError for ranges that leave a gap. The
 * reason of `signal` once it is aborted. Copies made before an error stay.
 */
export async function hashFiles(jobs: HashJobs, options: HashOptions): Promise<FileDigests[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  const algorithms = { file: options.algorithms ?? [], range: options.rangeAlgorithms ?? [] };
  const queue = planBatches(jobs, algorithms);
  const meter = new Meter(totalOf(jobs), options.onProgress);
  const results = new Results();
  const workers = workersFor(queue, options.workers);
  const pool = await poolOf(workers, { algorithms, read: meter.shared }, queue, results);
  const share = { algorithms, meter, stopped: false };
  const here = hashHere(queue, results, share);
  let forget: (() => void) | undefined;
  try {
    const all = pool === undefined ? [here] : [here.then(() => pool.finish()), pool.failed];
    if (signal !== undefined) {
      const { promise, reject } = Promise.withResolvers<never>();
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", abort);
      forget = () => signal.removeEventListener("abort", abort);
      all.push(promise);
    }
    await Promise.race(all);
    const files = results.finish(jobs.length);
    meter.finish();
    return files;
  } catch (error) {
    throw error instanceof Fault
      ? named(error, jobs.at(error.job ?? jobs.length)?.name ?? "a file")
      : error;
  } finally {
    forget?.();
    share.stopped = true;
    meter.stop();
    await Promise.all([pool?.close(), here.catch(() => {})]);
  }
}

/** Threads are loaded only where they are needed: a small model is hashed before one has started. */
async function poolOf(
  count: number,
  ...rest: ConstructorParameters<typeof Pool> extends [number, ...infer R] ? R : never
): Promise<Pool | undefined> {
  if (count === 0) return undefined;
  const threads = await import("./pool.ts");
  return new threads.Pool(count, ...rest);
}

interface Here {
  readonly algorithms: Algorithms;
  readonly meter: Meter;
  readonly stopped: boolean;
}

/** This thread's share. It lets go now and then, so that progress and answers get through. */
async function hashHere(queue: Batch[], results: Results, here: Here): Promise<void> {
  const reader = await Reader.create(here.algorithms);
  try {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
      for (const bytes of reader.read(batch.units(), (result) => results.add(result))) {
        here.meter.add(bytes);
        await nextTurn();
        if (here.stopped) return;
      }
    }
  } catch (error) {
    throw faultOf(error, reader.job);
  }
}

function workersFor(queue: readonly Batch[], asked: number | undefined): number {
  const cost = queue.reduce((sum, batch) => sum + batch.cost, 0);
  const worth = cost < WORKER_COST ? 0 : availableParallelism() - 1;
  return Math.max(0, Math.min(asked ?? worth, queue.length - 1));
}

// Two threads gain less below this than a worker's start costs.
const WORKER_COST = 96 * 1024 * 1024;
