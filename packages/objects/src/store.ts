import type { BucketFacts, ObjectFacts, ObjectVersion } from "./facts.ts";

/** An object of a bucket; without a version the one that the key means now. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** All versions, where the listing has them. */
  readonly versions?: readonly ObjectVersion[];
}

/** What came of an attempt that a locked object must refuse. */
export interface Attempt {
  readonly refused: boolean;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** What refused, where the message tells it. No verdict rests on it. */
  readonly refusedBy: "lock" | "iam" | "condition" | "unknown";
  /** An attempt that says nothing: the server failed, or was not reached. */
  readonly failed: boolean;
}

/** What came of writing where nothing must be. */
export interface Created extends Attempt {
  readonly versionId?: string;
}

/** One store, with one set of credentials. Types of its SDK do not leave its folder. */
export interface ObjectStore {
  readonly provider: "s3" | "gcs" | "azure";
  /** Origin that answers come from. */
  readonly endpoint: string;
  /** `@aws-sdk/client-s3@3.1169.0` */
  readonly sdk: string;

  /** @throws MlsignError `storage-bucket-missing`, which is the caller's mistake and no finding */
  bucket(bucket: string): Promise<BucketFacts>;
  /** `listed`: the versions that a listing had, which need not be asked for again. */
  object(name: ObjectName, listed?: readonly ObjectVersion[]): Promise<ObjectFacts>;
  /** The latest time that the server told: a date is judged by the later of two clocks. */
  serverTime(): Date | undefined;
  /** Keys below a prefix, once each, also those that a delete marker hides; a page at a time. */
  list(bucket: string, prefix: string): AsyncIterable<ListedObject>;
  /** @throws MlsignError `limit-exceeded`, `service-failed`, `storage-object-missing` */
  read(name: ObjectName, maxBytes: number): Promise<Uint8Array>;
  /** The bytes from a place on, as they come. @throws MlsignError as `read` does, also midway */
  stream(name: ObjectName, start: number): AsyncIterable<Uint8Array>;

  /** Sets the retention of exactly this version to another date, which may be earlier. */
  retain(name: ObjectName, until: Date, options: RetainOptions): Promise<Attempt>;
  /** Deletes exactly this version: for canaries alone. */
  removeVersion(name: ObjectName, options: { readonly bypass: boolean }): Promise<Attempt>;
  /** Writes where nothing must be: `refused` where the condition held. */
  create(name: ObjectName, content: Uint8Array): Promise<Created>;
  close(): void;
}

export interface RetainOptions {
  readonly mode: string;
  readonly bypass: boolean;
}
