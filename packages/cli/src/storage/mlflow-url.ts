import { MlsignError, printable } from "@mlsign/core";
import { mlflowClient } from "@mlsign/mlflow";
import type { Host } from "../host.ts";
import { mlflowLogin } from "../lineage/mlflow-run.ts";

/**
 * Where MLflow keeps what it calls `runs:/RUN/PATH`, by the server of `MLFLOW_TRACKING_URI`; any
 * other address is one already.
 *
 * @throws MlsignError `usage` where there is no such run, or no server was named; `service-failed`
 */
export async function storageUrl(url: string, host: Host): Promise<string> {
  const [, runId, path = ""] = /^runs:\/+([\w-]{1,64})(?:\/(.*))?$/s.exec(url) ?? [];
  if (runId === undefined) return url;
  const { MLFLOW_TRACKING_URI: uri } = host.env;
  if (uri === undefined || uri === "") {
    throw new MlsignError("usage", `Cannot look for ${printable(url)}: no MLflow server is known`, {
      hint: "set MLFLOW_TRACKING_URI, or give the address of the artifacts",
    });
  }
  const run = await mlflowClient({ uri, ...mlflowLogin(host) }).getRun(runId);
  if (run?.artifactUri === undefined)
    throw new MlsignError("usage", `Cannot find ${printable(url)}: MLflow has no such run`);
  const root = run.artifactUri.replace(/\/+$/, "");
  return path === "" ? root : `${root}/${path}`;
}
