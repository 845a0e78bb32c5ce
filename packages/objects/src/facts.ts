/** What one request to a store came to. "Could not be read" is never "is not set". */
export type Reading<T> =
  | { readonly kind: "value"; readonly value: T }
  /** The store says that there is none. */
  | { readonly kind: "none" }
  /** The store has no such API (`refused`), or answers it with nothing (`ignored`). */
  | { readonly kind: "unsupported"; readonly how: "refused" | "ignored" }
  | { readonly kind: "denied"; readonly status: number }
  | { readonly kind: "failed"; readonly why: string };

/** A request that was answered, for the evidence. */
export interface Read {
  readonly op: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** ISO 8601; the server's own clock where it told it. */
  readonly at: string;
}

export interface DefaultRetention {
  /** `COMPLIANCE`, `GOVERNANCE`; GCS has none. */
  readonly mode: string | undefined;
  readonly days: number | undefined;
}

export interface S3BucketFacts {
  readonly provider: "s3";
  readonly bucket: string;
  readonly lock: Reading<{ readonly default: DefaultRetention | undefined }>;
  readonly versioning: Reading<{
    readonly status: "Enabled" | "Suspended" | "Off";
    readonly mfaDelete: boolean;
  }>;
  /** Days after which a rule that applies to some key destroys a noncurrent version. */
  readonly lifecycle: Reading<{ readonly noncurrentDays: number }>;
  /** The bucket is not the expected account's; `undefined` where none was named. */
  readonly otherOwner?: boolean;
  readonly reads: readonly Read[];
}

export interface GcsBucketFacts {
  readonly provider: "gcs";
  readonly bucket: string;
  readonly metadata: Reading<{
    readonly retention: { readonly seconds: number; readonly locked: boolean } | undefined;
    readonly objectRetention: boolean;
    readonly versioning: boolean;
    readonly softDeleteSeconds: number;
    readonly uniformAccess: boolean;
    /** The least age at which a lifecycle rule deletes what nothing retains. */
    readonly deleteAfterDays: number | undefined;
  }>;
  /** What this caller may do, out of what would undo the protection. */
  readonly permissions: Reading<readonly string[]>;
  readonly reads: readonly Read[];
}

export interface AzureBucketFacts {
  readonly provider: "azure";
  readonly bucket: string;
  readonly container: Reading<{
    /** Locked or not, and for how long, is not told. */
    readonly policy: boolean;
    readonly legalHold: boolean;
    /** Versions have retentions of their own. */
    readonly versionLevel: boolean;
  }>;
  readonly reads: readonly Read[];
}

export type BucketFacts = S3BucketFacts | GcsBucketFacts | AzureBucketFacts;

export interface StoredChecksum {
  readonly algorithm: string;
  /** Base64, as the store has it. */
  readonly value: string;
  /** `false` for a hash over the hashes of parts, which no file's digest compares with. */
  readonly whole: boolean;
}

/** A version as a listing has it. */
export interface ObjectVersion {
  readonly versionId: string;
  readonly isLatest: boolean;
  /** A delete marker: the key reads as not there. */
  readonly isMarker: boolean;
  readonly size: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

interface StoredObject {
  readonly versionId: string | undefined;
  readonly size: number;
  readonly etag: string | undefined;
  /** Hex, only where the store's value is really the content's. */
  readonly md5: string | undefined;
  readonly checksums: readonly StoredChecksum[];
  readonly lastModified: string | undefined;
}

export interface S3ObjectFacts {
  readonly provider: "s3";
  readonly key: string;
  /** `none` where there is no such key or version. */
  readonly head: Reading<StoredObject>;
  readonly retention: Reading<{
    readonly mode: string | undefined;
    readonly until: string | undefined;
    /** Protected until released, then for so many days. */
    readonly eventHoldDays: number | undefined;
  }>;
  readonly legalHold: Reading<boolean>;
  /** Every version of exactly this key, newest first. */
  readonly versions: Reading<readonly ObjectVersion[]>;
  readonly reads: readonly Read[];
}

export interface GcsObjectFacts {
  readonly provider: "gcs";
  readonly key: string;
  /** The generation that was asked for, or the live one. */
  readonly head: Reading<
    StoredObject & {
      /** Not the live one any more. */
      readonly noncurrent: boolean;
      readonly retention: { readonly mode: string; readonly until: string } | undefined;
      /** When the bucket's policy lets go of it. */
      readonly expires: string | undefined;
      readonly temporaryHold: boolean;
      readonly eventBasedHold: boolean;
    }
  >;
  /** Generation of the object that the name means now. */
  readonly live: Reading<string>;
  readonly softDeleted: Reading<boolean>;
  readonly reads: readonly Read[];
}

export interface AzureObjectFacts {
  readonly provider: "azure";
  readonly key: string;
  /** The version that was asked for, or the current one. */
  readonly head: Reading<
    StoredObject & {
      readonly noncurrent: boolean;
      /** `Locked` or `Unlocked`. */
      readonly retention: { readonly mode: string; readonly until: string } | undefined;
      readonly legalHold: boolean;
    }
  >;
  /** Every version of exactly this name, newest first. */
  readonly versions: Reading<readonly ObjectVersion[]>;
  readonly reads: readonly Read[];
}

export type ObjectFacts = S3ObjectFacts | GcsObjectFacts | AzureObjectFacts;
