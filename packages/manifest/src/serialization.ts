import { type DigestAlgorithm, MlsignError } from "@mlsign/core";

/** How a model is turned into a list of digests (OMS predicate `serialization`). */
export interface Serialization {
  readonly method: "files" | "shards";
  readonly hashType: DigestAlgorithm;
  /** Bytes; with shards only. Default 1,000,000,000. */
  readonly shardSize?: number | undefined;
  readonly allowSymlinks: boolean;
  readonly ignorePaths: readonly string[];
}

/** One digest of the signed list: a file's, or with shards `path:start:end`'s. */
export interface Resource {
  readonly name: string;
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

/** Bytes of a shard unless told otherwise (OMS 6.3). */
export const DEFAULT_SHARD_SIZE: number = 1_000_000_000;

/**
 * The shards of a file of `size` bytes: none for an empty one. Undefined with whole files.
 *
 * @throws MlsignError `limit-exceeded` for more than a million. RangeError for a bad shard size.
 */
export function rangesOf(
  size: number,
  serialization: Pick<Serialization, "method" | "shardSize">,
): (readonly [start: number, end: number])[] | undefined {
  if (serialization.method === "files") return undefined;
  const step = serialization.shardSize ?? DEFAULT_SHARD_SIZE;
  if (!Number.isSafeInteger(step) || step < 1)
    throw new RangeError(`Shard size ${step} is no count`);
  if (size / step > MAX_SHARDS) {
    const what = `Cannot cut ${size} bytes into shards of ${step}: more than ${MAX_SHARDS}`;
    throw new MlsignError("limit-exceeded", what, { hint: "choose larger shards" });
  }
  const ranges: [number, number][] = [];
  for (let start = 0; start < size; start += step)
    ranges.push([start, Math.min(start + step, size)]);
  return ranges;
}

const MAX_SHARDS = 1_000_000;
