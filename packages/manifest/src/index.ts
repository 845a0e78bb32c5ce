/** A tree of files to a manifest of digests, and the signed form of it. @module */
export { archiveSource } from "./archive.ts";
export { compareDigests, compareNames, listOptionsFor } from "./compare.ts";
export { dirHash1, rootOf } from "./digests.ts";
export { Ignores } from "./ignore.ts";
export { toListing } from "./listing.ts";
export { localSource } from "./local.ts";
export { manifestOf } from "./manifest.ts";
export { clashesOf, GIT_PATHS, isIgnored, nameProblem, parentsOf } from "./names.ts";
export { OMS_LEGACY_PREDICATE_TYPE, OMS_PREDICATE_TYPE, omsPredicate } from "./predicate.ts";
export { DEFAULT_SHARD_SIZE } from "./serialization.ts";
export { readModelStatement } from "./statement.ts";
export { wholeFiles } from "./whole-files.ts";

export type { DigestDifference, NameDifference } from "./compare.ts";
export type { Manifest, ManifestFile, ManifestOptions } from "./manifest.ts";
export type { Resource, Serialization } from "./serialization.ts";
export type { SignedFile, SignedManifest } from "./signed.ts";
export type {
  KnownDigest,
  ListedFile,
  Listing,
  ListOptions,
  Misnamed,
  OpenTree,
  TreeEntry,
  TreeSource,
} from "./source.ts";
