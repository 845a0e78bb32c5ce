/** The promotion gate: verified evidence as a policy's facts, approvals, and the signed verdict. @module */
export { approvalPredicate, APPROVAL_PREDICATE, approvalProperty } from "./approval.ts";
export { authenticate, earliestTime } from "./authenticate.ts";
export { evidenceFact } from "./evidence-fact.ts";
export { lineageFact } from "./lineage-fact.ts";
export { checkSummary, SUMMARY_PREDICATE, summaryPredicate } from "./summary.ts";

export type { Authenticated, GateTrust } from "./authenticate.ts";
export type { SummaryExpectation, SummaryInput } from "./summary.ts";
