/** Finds model files that execute code when they are loaded. @module */
export { SCAN_CHECK, SCAN_CLAIM_TYPE, scanClaim } from "./claim.ts";
export { scanFindings } from "./findings.ts";
export { SCAN_LIMITS } from "./limits.ts";
export { ALLOW_LIST_DIGEST } from "./pickle/allow-list.ts";
export { isDangerous } from "./pickle/dangerous.ts";
export { PICKLE_LIMITS, readPickle } from "./pickle/machine.ts";
export { inPython3 } from "./pickle/python2.ts";
export { scanFiles } from "./scan-files.ts";
export { scanSource } from "./scan-source.ts";
export { bufferSource, openFile, sliceSource } from "./source.ts";
export { covers, hasExpired, readWaivers } from "./waivers.ts";

export type { ScanClaim, ScanClaimOptions } from "./claim.ts";
export type { JudgeOptions } from "./findings.ts";
export type { ScanLimits } from "./limits.ts";
export type { Act, Fault, Import, Nested, Pickle } from "./pickle/machine.ts";
export type { PickleLimits, PickleOptions, Storage } from "./pickle/machine.ts";
export type { FileScan, Observation, ScanVerdict } from "./report.ts";
export type { ScanInput, ScanOptions, TreeScan, Unread } from "./scan-files.ts";
export type { SourceScan, SourceScanOptions } from "./scan-source.ts";
export type { ByteSource, OpenSource } from "./source.ts";
export type { Waiver } from "./waivers.ts";
