import type { Digests } from "./algorithms.ts";
import { changed } from "./fault.ts";
import type { FileDigests } from "./job.ts";
import type { UnitResult } from "./unit.ts";

/** Puts the readers' results together, by file. */
export class Results {
  readonly #files: (FileDigests | undefined)[] = [];
  readonly #parts: Map<number, UnitResult[]> = new Map();

  add(result: UnitResult): void {
    const { job, digests, ranges, stamp } = result;
    if (stamp === undefined) {
      this.#files[job] = { digests, ranges: ranges.length === 0 ? NONE : ranges };
      return;
    }
    const parts = this.#parts.get(job);
    if (parts === undefined) this.#parts.set(job, [result]);
    else parts.push(result);
  }

  /** All files in order. @throws Fault where the readers of one file did not see the same file. */
  finish(count: number): FileDigests[] {
    for (const [job, parts] of this.#parts) this.#files[job] = join(job, parts);
    return Array.from({ length: count }, (_, job) => {
      const file = this.#files[job];
      if (file === undefined) throw new Error(`No result for file ${job}`);
      return file;
    });
  }
}

function join(job: number, parts: UnitResult[]): FileDigests {
  if (parts.some(({ stamp }) => stamp !== parts[0]?.stamp)) {
    throw changed("two readers saw two different states of it", job);
  }
  parts.sort((a, b) => a.firstRange - b.firstRange);
  return { digests: {}, ranges: parts.flatMap(({ ranges }) => ranges) };
}

const NONE: readonly Digests[] = [];
