/** Promotion policies: read, linted, explained, tested, and facts judged by them. @module */
export { evaluatePolicy } from "./evaluate.ts";
export { explainPolicy } from "./explain.ts";
export { lintPolicy } from "./lint.ts";
export { parsePolicy } from "./parse-policy.ts";
export { matches, matchesGlob, parsePattern } from "./pattern.ts";
export { readFacts } from "./read-facts.ts";
export { isNamed } from "./signer.ts";
export { testPolicy } from "./test-table.ts";

export type { Evaluation } from "./evaluate.ts";
export type { EvidenceType } from "./evidence-type.ts";
export type { Explained } from "./explain.ts";
export type { EvidenceFact, LineageFact, PolicyFacts, ReviewFact, Seen, Signer } from "./facts.ts";
export type { Pattern } from "./pattern.ts";
export type { Identity, LoadedPolicy, Policy, Requirement } from "./policy.ts";
