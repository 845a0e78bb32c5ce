import { printable } from "@mlsign/core";
import { invalid } from "./fields.ts";
import { checkLayout } from "./layout.ts";
import type { Resource, Serialization } from "./serialization.ts";
import type { SignedFile } from "./signed.ts";

interface Shard {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly digest: string;
}

/**
 * The files of a manifest of shards. Those of one file must cover it from 0 to its end: no gap, no
 * overlap, and every one but the last of exactly the shard size (oms.md 8.3).
 *
 * @throws MlsignError `manifest-invalid`
 */
export function shardedFiles(
  resources: readonly Resource[],
  serialization: Pick<Serialization, "ignorePaths" | "shardSize">,
): SignedFile[] {
  const shards = new Map<string, Shard[]>();
  for (const resource of resources) {
    const shard = parseShard(resource);
    const others = shards.get(shard.path);
    if (others === undefined) shards.set(shard.path, [shard]);
    else others.push(shard);
  }
  const size = serialization.shardSize ?? 0;
  const files = [...shards].map(([path, parts]) => joinShards(path, parts, size));
  checkLayout(files, serialization.ignorePaths);
  return files;
}

/** `path:start:end`; the path may hold colons, so the last two count (OMS 6.3). */
function parseShard({ name, digest }: Resource): Shard {
  const match = SHARD_NAME.exec(name);
  const [start, end] = [Number(match?.[2]), Number(match?.[3])];
  if (match?.[1] === undefined || !Number.isSafeInteger(end) || !(start < end)) {
    throw invalid(`"${printable(name)}" is no shard, wanted path:start:end`);
  }
  return { path: match[1], start, end, digest };
}

function joinShards(path: string, shards: Shard[], shardSize: number): SignedFile {
  let at = 0;
  for (const { start, end } of shards.sort((a, b) => a.start - b.start)) {
    if (start !== at)
      throw invalid(`the shards of "${printable(path)}" leave a gap or overlap at ${at}`);
    if (start % shardSize !== 0 || end - start > shardSize) {
      throw invalid(`a shard of "${printable(path)}" is not of the size that the signature says`);
    }
    at = end;
  }
  return { path, size: at, digests: shards.map(({ digest }) => digest) };
}

const SHARD_NAME = /^(.+):(0|[1-9]\d{0,15}):([1-9]\d{0,15})$/s;
