import { MlsignError, printable } from "@mlsign/core";
import type { RunFact } from "@mlsign/lineage";
import { type ClientOptions, mlflowClient, type Run, runSource } from "@mlsign/mlflow";
import type { Host } from "../host.ts";

export interface RunFlags {
  readonly mlflowRun?: string;
  readonly mlflowUri?: string;
}

/**
 * The run that a flag names, from the tracking server of the flag or of `MLFLOW_TRACKING_URI`, as
 * whoever MLflow's own variables say.
 *
 * @throws MlsignError `usage` where there is no such run, or no server was named; `service-failed`
 */
export async function mlflowRun(flags: RunFlags, host: Host): Promise<RunFact | undefined> {
  const { mlflowRun: runId, mlflowUri } = flags;
  if (runId === undefined) return undefined;
  const uri = mlflowUri ?? host.env.MLFLOW_TRACKING_URI;
  if (uri === undefined) {
    throw new MlsignError("usage", "Cannot look for the run: no MLflow server was named", {
      hint: "give --mlflow-uri, or set MLFLOW_TRACKING_URI",
    });
  }
  const run = await mlflowClient({ uri, ...mlflowLogin(host) }).getRun(runId);
  if (run === undefined)
    throw new MlsignError("usage", `Cannot find run ${printable(runId)}: MLflow has no such run`);
  return { runId, ...runSource(run) };
}

/** The run of a model that was brought here from MLflow. */
export function runOf(run: Run | "missing" | undefined): RunFact | undefined {
  return run === undefined || run === "missing"
    ? undefined
    : { runId: run.runId, ...runSource(run) };
}

/** As whoever MLflow's own variables say. */
export function mlflowLogin({ env }: Host): Pick<ClientOptions, "credentials"> {
  const { MLFLOW_TRACKING_TOKEN: token } = env;
  const { MLFLOW_TRACKING_USERNAME: username, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (username && password) return { credentials: { username, password } };
  return token ? { credentials: { token } } : {};
}
