import { createHashers, type Digests, type Hasher } from "./algorithms.ts";
import { Copy } from "./copy.ts";
import { finish } from "./digester.ts";
import { changed } from "./fault.ts";
import type { FileDigests, HashJob, HashOptions } from "./job.ts";
import { Meter } from "./meter.ts";
import { named } from "./named.ts";
import { checkRanges } from "./plan.ts";

/** A file whose bytes come in pieces; a piece need only live until the next is asked for. */
export interface StreamJob extends Pick<HashJob, "name" | "size" | "ranges" | "copyTo"> {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface StreamOptions extends Omit<HashOptions, "workers"> {
  /** Bytes of all files together, for progress. */
  readonly total?: number | undefined;
}

/**
 * Digests of files that can only be read in their own order, as in an archive: one pass, one piece
 * in memory at a time. Results come in the order of `jobs`.
 *
 * @throws MlsignError `file-changed-while-hashing` for more or fewer bytes than `size`, and with
 * `copyTo` as `hashFiles` does. Whatever `jobs` throws. The reason of `signal` once it is aborted.
 */
export async function hashStream(
  jobs: AsyncIterable<StreamJob> | Iterable<StreamJob>,
  options: StreamOptions,
): Promise<FileDigests[]> {
  const file = await createHashers(options.algorithms ?? []);
  const range = await createHashers(options.rangeAlgorithms ?? []);
  const meter = new Meter(options.total ?? 0, options.onProgress);
  const results: FileDigests[] = [];
  try {
    for await (const job of jobs) {
      results.push(await hashOne(job, { file, range, meter, signal: options.signal }));
    }
    meter.finish();
    return results;
  } finally {
    meter.stop();
  }
}

interface Tools {
  readonly file: readonly Hasher[];
  readonly range: readonly Hasher[];
  readonly meter: Meter;
  readonly signal: AbortSignal | undefined;
}

async function hashOne(job: StreamJob, tools: Tools): Promise<FileDigests> {
  if (job.ranges !== undefined) checkRanges(job.ranges, job.size);
  const ends = job.ranges?.map(([, end]) => end) ?? [];
  const ranges: Digests[] = [];
  let at = 0;
  const copy = job.copyTo === undefined ? undefined : guard(job, () => new Copy(job.copyTo ?? ""));
  try {
    for await (const chunk of job.chunks) {
      tools.signal?.throwIfAborted();
      guard(job, () => copy?.write(chunk));
      for (const hasher of tools.file) hasher.update(chunk);
      for (let rest = chunk; rest.length > 0;) {
        const end = ends[ranges.length];
        const piece = end === undefined ? rest : rest.subarray(0, end - at);
        if (end !== undefined) for (const hasher of tools.range) hasher.update(piece);
        at += piece.length;
        rest = rest.subarray(piece.length);
        if (at === end) ranges.push(finish(tools.range));
      }
      tools.meter.add(chunk.length);
    }
    guard(job, () => {
      if (at !== job.size) throw changed(`it has ${at} bytes, wanted ${job.size}`);
      copy?.finish();
    });
  } catch (error) {
    copy?.discard();
    throw error;
  }
  return { digests: finish(tools.file), ranges };
}

function guard<T>(job: StreamJob, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw named(error, job.name);
  }
}
