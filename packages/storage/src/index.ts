/** Is what is stored tamper-evident until a date: judged from facts, proved by drills. @module */
export { checkStorage } from "./check.ts";
export { CHECKS } from "./checks.ts";
export { drillShorten } from "./drill.ts";
export { judge } from "./judge.ts";

export type { CheckedStorage, CheckOptions } from "./check.ts";
export type { CheckId } from "./checks.ts";
export type { ShortenDrill } from "./drill.ts";
export type { Expectation, Judgement, Reason, StoragePolicy, StorageVerdict } from "./verdict.ts";
