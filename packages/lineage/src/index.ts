/** Where a model came from: collected, stated as SLSA provenance, checked from the outside. @module */
export { checkLineage } from "./check.ts";
export { collectLineage } from "./collect.ts";
export { dataHistory } from "./data-history.ts";
export { joinAudit } from "./join-audit.ts";
export { LINEAGE_BUILD_TYPE, LINEAGE_PREDICATE, lineagePredicate } from "./provenance.ts";
export { pinsKey } from "./check-remote.ts";
export { mergePins, readLineage } from "./read-lineage.ts";
export { readPins } from "./read-pins.ts";

export type { CertifiedJob, CheckOptions } from "./check.ts";
export type { CollectOptions } from "./collect.ts";
export type { DataChange } from "./data-history.ts";
export type {
  BaseModelFact,
  ContainerFact,
  DatasetFact,
  LineageFacts,
  LockFact,
  Pin,
  Pins,
  RunFact,
  SourceFact,
} from "./facts.ts";
export type { JoinOptions, WitnessedChange } from "./join-audit.ts";
export type { DataRemote } from "./pin-data.ts";
export type { BuildFacts } from "./provenance.ts";
export type { PinReading } from "./read-pins.ts";
export type { LineageClaim } from "./read-lineage.ts";
