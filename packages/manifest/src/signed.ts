import type { Resource, Serialization } from "./serialization.ts";

export interface SignedFile {
  /** Relative to the model; `.` or its base name where the model is one file. */
  readonly path: string;
  /** Bytes, where shards tell. */
  readonly size: number | undefined;
  /** One digest of the whole file, or those of its shards in order. */
  readonly digests: readonly string[];
}

/** What a model signature says, checked but for its truth. */
export interface SignedManifest {
  readonly predicateType: string;
  /** Name of the subject: whatever the signer called the model. Empty in the legacy form. */
  readonly subjectName: string;
  readonly serialization: Serialization;
  /** In the order of the signature. */
  readonly resources: readonly Resource[];
  readonly files: readonly SignedFile[];
  /** The subject's sha256; the legacy form has none. Must equal `computedRoot` (OMS 8.3). */
  readonly declaredRoot: string | undefined;
  /** Root of `resources` in the order of the signature. */
  readonly computedRoot: string;
  /** Whether that order is the specification's (OMS 5.2.1). */
  readonly specOrder: boolean;
  /** What marks it as written by an earlier release, or outside the specification; for people. */
  readonly legacy: readonly string[];
}
