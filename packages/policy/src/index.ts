/** Reads and lints promotion policies. @module */
export { lintPolicy } from "./lint.ts";
export { parsePolicy } from "./parse-policy.ts";
export { matches, matchesGlob, parsePattern } from "./pattern.ts";

export type { EvidenceType } from "./evidence-type.ts";
export type { Pattern } from "./pattern.ts";
export type { Identity, LoadedPolicy, Policy, Requirement } from "./policy.ts";
