import type { RegisteredModel } from "./resolve.ts";

/**
 * The package URL of a model in MLflow: what a promotion is for. Nothing in it moves, and the
 * server's user name and password are left out.
 */
export function mlflowPurl(
  { named, name, modelId, runId }: RegisteredModel,
  server: string,
): string {
  const url = new URL(server);
  const version = named.kind === "version" ? named.version : named.modelId;
  const qualifiers: [string, string | undefined][] = [
    ["model_uuid", modelId],
    ["repository_url", `${url.origin}${url.pathname.replace(/\/+$/, "")}`],
    ["run_id", runId],
  ];
  const query = qualifiers
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value = ""]) => `${key}=${encodeURIComponent(value)}`);
  return `pkg:mlflow/${encodeURIComponent(name)}@${version}?${query.join("&")}`;
}
