/** Asks an MLflow tracking server about runs. @module */
export { mlflowClient } from "./client.ts";
export { runSource } from "./run.ts";

export type { Client, ClientOptions } from "./client.ts";
export type { Run, RunSource } from "./run.ts";
