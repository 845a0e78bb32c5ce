/** Where a model came from: collected, stated as SLSA provenance, checked from the outside. @module */
export { checkLineage } from "./check.ts";
export { collectLineage } from "./collect.ts";
export { dataHistory } from "./data-history.ts";
export {
  LINEAGE_BUILD_TYPE,
  LINEAGE_PREDICATE,
  lineagePredicate,
  readLineage,
} from "./provenance.ts";

export type { CheckOptions } from "./check.ts";
export type { CollectOptions } from "./collect.ts";
export type { DataChange } from "./data-history.ts";
export type { ContainerFact, DatasetFact, LineageFacts, SourceFact } from "./facts.ts";
