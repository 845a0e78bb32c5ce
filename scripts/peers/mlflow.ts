/** MLflow's own tracking server, from PyPI: SQLite, and artifacts that it passes on. */
import { join } from "node:path";
import { find } from "./install.ts";
import { freePorts, type Service, start } from "./run.ts";

export interface MlflowServer {
  readonly uri: string;
  /** Where it keeps what it passes on. */
  readonly artifacts: string;
  /** A Python that imports MLflow and scikit-learn. */
  readonly python: string;
  readonly stop: Service["stop"];
}

/** The server, with all that it keeps below `dir`, or why it cannot be had. */
export async function startMlflow(
  dir: string,
): Promise<MlflowServer | { readonly reason: string }> {
  const found = find("mlflow");
  if ("reason" in found) return found;
  const [port = 0] = await freePorts(1);
  const uri = `http://127.0.0.1:${port}`;
  const artifacts = join(dir, "artifacts");
  const place = ["--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
  const stores = ["--backend-store-uri", `sqlite:///${join(dir, "mlflow.db")}`];
  const { stop } = await start(
    "mlflow",
    [found.program, "server", ...place, ...stores, "--artifacts-destination", artifacts],
    { ready: `${uri}/health`, dir, env: QUIET },
  );
  return { uri, artifacts, python: found.program.replace(/mlflow$/, "python"), stop };
}

/** It tells nobody that it runs, and runs no jobs. */
export const QUIET: NodeJS.ProcessEnv = {
  MLFLOW_DISABLE_TELEMETRY: "true",
  DO_NOT_TRACK: "true",
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
};
