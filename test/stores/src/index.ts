/** Object stores in one process, for tests: one of Google's, one of Amazon's, honest or lying. @module */
export { GcsBucket, GcsError } from "./gcs-bucket.ts";
export { startGcsCrowd } from "./gcs-crowd.ts";
export { startGcs } from "./gcs-server.ts";
export { S3Bucket, S3Error } from "./s3-bucket.ts";
export { Arrangement, BYTES, KEY, S3_SCENARIOS, YEAR } from "./s3-scenarios.ts";
export { startS3Crowd } from "./s3-crowd.ts";
export { startS3 } from "./s3-server.ts";

export type { GcsBucketOptions } from "./gcs-bucket.ts";
export type { GcsServer, GcsServerOptions } from "./gcs-server.ts";
export type { S3BucketOptions, S3Retention, S3Version } from "./s3-bucket.ts";
export type { S3Crowd } from "./s3-crowd.ts";
export type { S3Server, S3ServerOptions } from "./s3-server.ts";
export type { Arranged, Retained, S3Bench, S3Credentials, S3Scenario } from "./s3-scenarios.ts";
