/** Several digests of many files in one parallel pass. @module */
export { digestLength } from "./algorithms.ts";
export { createDigester } from "./digester.ts";
export { hashFiles } from "./hash-files.ts";
export { hashStream } from "./hash-stream.ts";

export type { Digests, HashAlgorithm } from "./algorithms.ts";
export type { Digester } from "./digester.ts";
export type { FileDigests, HashJob, HashJobs, HashOptions } from "./job.ts";
export type { StreamJob, StreamOptions } from "./hash-stream.ts";
