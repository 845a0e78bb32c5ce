/** Is what is stored tamper-evident until a date: judged from facts, proved by drills. @module */
export { checkStorage } from "./check.ts";
export { CHECKS } from "./checks.ts";
export { STORAGE_CHECK, STORAGE_CLAIM_TYPE, storageClaim } from "./claim.ts";
export { drillCanary } from "./drill-canary.ts";
export { drillShorten, recoverDrills } from "./drill-shorten.ts";
export { judgeEndpoint } from "./endpoint.ts";
export { judge } from "./judge.ts";
export { judgeBucket } from "./judge-bucket.ts";
export { pinObjects } from "./pin-objects.ts";
export { pinsPredicate, readPins, STORAGE_PINS } from "./pins.ts";
export { VERDICTS } from "./verdict.ts";

export type { CheckedStorage, CheckOptions, DrillOptions, Target } from "./check.ts";
export type { CheckedLocation, StorageClaim, StorageClaimOptions } from "./claim.ts";
export type { CheckId } from "./checks.ts";
export type { DrillEntry, DrillJournal, DrillStores } from "./drill.ts";
export type { CanaryDrill } from "./drill-canary.ts";
export type { ShortenDrill } from "./drill-shorten.ts";
export type { ModelFile, PinOptions } from "./pin-objects.ts";
export type { PinnedObject, StoragePins } from "./pins.ts";
export type { Expectation, Judgement, Reason, StoragePolicy, StorageVerdict } from "./verdict.ts";
