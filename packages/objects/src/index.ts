/** S3, Google Cloud Storage and Azure Blob Storage behind one interface: facts of objects, without judgement. @module */
export { keyBelow, parseLocation } from "./location.ts";
export { openStore } from "./open.ts";
export { inParallel } from "./pool.ts";
export { redirects } from "./redirects.ts";

export type {
  AzureBucketFacts,
  AzureObjectFacts,
  BucketFacts,
  DefaultRetention,
  GcsBucketFacts,
  GcsObjectFacts,
  ObjectFacts,
  ObjectVersion,
  Read,
  Reading,
  S3BucketFacts,
  S3ObjectFacts,
  StoredChecksum,
} from "./facts.ts";
export type { StorageLocation } from "./location.ts";
export type { StoreOptions } from "./open.ts";
export type { Attempt, ListedObject, ObjectName, ObjectStore, RetainOptions } from "./store.ts";
