import { isRecord } from "@mlsign/core";

/** A run, as its tracking server tells it: what the training code logged, which nobody signed. */
export interface Run {
  readonly runId: string;
  readonly status: string | undefined;
  readonly artifactUri: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
}

/** What the tags of a run say of where it ran. */
export interface RunSource {
  readonly commit: string | undefined;
  /** Whether the work tree had changes; `undefined` where the run does not say. */
  readonly dirty: boolean | undefined;
  /** As it was logged: mostly a name with a tag. */
  readonly image: string | undefined;
}

/** @returns `undefined` for what is no answer to `runs/get` about this run */
export function readRun(answer: unknown, runId: string): Run | undefined {
  const run = isRecord(answer) ? answer.run : undefined;
  if (!isRecord(run) || !isRecord(run.info)) return undefined;
  const { info } = run;
  if ((info.run_id ?? info.run_uuid) !== runId) return undefined;
  const data = isRecord(run.data) ? run.data : {};
  return {
    runId,
    status: textOf(info.status),
    artifactUri: textOf(info.artifact_uri),
    tags: pairsOf(data.tags),
    params: pairsOf(data.params),
  };
}

/** @see MLflow's system tags, `mlflow.source.git.commit` and its like */
export function runSource({ tags }: Run): RunSource {
  const dirty = tags.get("mlflow.source.git.dirty")?.toLowerCase();
  return {
    commit: tags.get("mlflow.source.git.commit"),
    dirty: dirty === "true" ? true : dirty === "false" ? false : undefined,
    image: tags.get("mlflow.docker.image.uri"),
  };
}

/** Keys and values, as MLflow lists tags and parameters. */
export function pairsOf(list: unknown): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
    if (isRecord(item) && typeof item.key === "string" && typeof item.value === "string")
      pairs.set(item.key, item.value);
  }
  return pairs;
}

/** A text that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
