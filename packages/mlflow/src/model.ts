import { isRecord } from "@mlsign/core";
import { pairsOf, textOf } from "./run.ts";

/** A version of a registered model, as its server tells it. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
  /** What was registered: `models:/m-ID`, or where the files lie. */
  readonly source: string | undefined;
  readonly runId: string | undefined;
  readonly status: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

/** A model that a run logged (MLflow 3), by an id that is never given again. */
export interface LoggedModel {
  readonly modelId: string;
  readonly name: string | undefined;
  readonly artifactUri: string | undefined;
  readonly runId: string | undefined;
  readonly status: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

/** @returns `undefined` for what is no answer about this version */
export function readModelVersion(
  answer: unknown,
  name: string,
  version: string,
): ModelVersion | undefined {
  const found = isRecord(answer) ? answer.model_version : undefined;
  if (!isRecord(found) || found.name !== name || numberText(found.version) !== version)
    return undefined;
  return {
    name,
    version,
    source: textOf(found.source),
    runId: textOf(found.run_id),
    status: textOf(found.status),
    tags: pairsOf(found.tags),
  };
}

/** @returns `undefined` for what is no answer about this model */
export function readLoggedModel(answer: unknown, modelId: string): LoggedModel | undefined {
  const model = isRecord(answer) ? answer.model : undefined;
  if (!isRecord(model) || !isRecord(model.info) || model.info.model_id !== modelId)
    return undefined;
  const { info } = model;
  return {
    modelId,
    name: textOf(info.name),
    artifactUri: textOf(info.artifact_uri),
    runId: textOf(info.source_run_id),
    status: textOf(info.status),
    tags: pairsOf(info.tags),
  };
}

/** Versions by alias; `undefined` for what is no answer about this model. */
export function readAliases(answer: unknown, name: string): Map<string, string> | undefined {
  const model = isRecord(answer) ? answer.registered_model : undefined;
  if (!isRecord(model) || model.name !== name) return undefined;
  const aliases = new Map<string, string>();
  const list: unknown = model.aliases ?? [];
  if (!Array.isArray(list)) return undefined;
  for (const item of list as unknown[]) {
    const version = isRecord(item) ? numberText(item.version) : undefined;
    if (!isRecord(item) || typeof item.alias !== "string" || version === undefined)
      return undefined;
    aliases.set(item.alias, version);
  }
  return aliases;
}

/** An int64, which servers write as a number or as a text. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return String(value);
  return typeof value === "string" && /^(?:0|[1-9]\d{0,18})$/.test(value) ? value : undefined;
}
