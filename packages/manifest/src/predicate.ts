import type { JsonObject } from "@mlsign/core";
import type { Manifest } from "./manifest.ts";
import { DEFAULT_SHARD_SIZE } from "./serialization.ts";

/** Type of the predicate of a model signature. */
export const OMS_PREDICATE_TYPE = "https://model_signing/signature/v1.0";

/** Type that release 0.2 of the Python implementation wrote; read, never written. */
export const OMS_LEGACY_PREDICATE_TYPE = "https://model_signing/Digests/v0.1";

/**
 * The predicate of a model signature, as the specification has it: with shards too, `algorithm` is
 * the hash's own name and `shard_size` a whole number (oms.md 8.3).
 */
export function omsPredicate(manifest: Pick<Manifest, "resources" | "serialization">): JsonObject {
  const { method, hashType, shardSize, allowSymlinks, ignorePaths } = manifest.serialization;
  return {
    resources: manifest.resources.map(({ name, algorithm, digest }) => ({
      name,
      algorithm,
      digest,
    })),
    serialization: {
      method,
      hash_type: hashType,
      ...(method === "shards" ? { shard_size: shardSize ?? DEFAULT_SHARD_SIZE } : {}),
      allow_symlinks: allowSymlinks,
      ignore_paths: [...ignorePaths],
    },
  };
}
