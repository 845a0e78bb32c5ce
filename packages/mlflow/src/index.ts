/** Asks an MLflow tracking server about runs, models and their artifacts. @module */
export { mlflowClient } from "./client.ts";
export { runSource } from "./run.ts";

export type { ClientOptions } from "./address.ts";
export type { ArtifactEntry, Artifacts } from "./artifacts.ts";
export type { Client, DatasetInput, Tag } from "./client.ts";
export type { LoggedModel, ModelVersion } from "./model.ts";
export type { Run, RunSource } from "./run.ts";
