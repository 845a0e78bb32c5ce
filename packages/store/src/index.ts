/** Keeps claims for ever, and answers where a model came from. @module */
export { checkStore } from "./check-store.ts";
export {
  checkCheckpoint,
  CHECKPOINT_PREDICATE,
  checkpointStatement,
  readCheckpoint,
} from "./checkpoint.ts";
export { compareModels } from "./compare.ts";
export {
  bundlesOf,
  gaps,
  madeFrom,
  ancestry,
  promotions,
  signedBy,
  withFile,
  withPackage,
} from "./questions.ts";
export { openStore } from "./open-store.ts";
export { statementOf, Store } from "./store.ts";

export type { Recheck } from "./claim-view.ts";
export type { Checkpoint } from "./checkpoint.ts";
export type { StoreCheck } from "./check-store.ts";
export type { Change, Comparison, Side } from "./compare.ts";
export type { ClaimKind } from "./facts.ts";
export type { StoredSigner, Verdict } from "./journal.ts";
export type { SignedBy } from "./lineage-index.ts";
export type { OpenOptions } from "./open-store.ts";
export type { AskOptions, GapOptions, Named } from "./questions.ts";
export type { Added, NewClaim } from "./store.ts";
