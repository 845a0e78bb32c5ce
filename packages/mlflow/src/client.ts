import { MlsignError, printable } from "@mlsign/core";
import type { ClientOptions } from "./address.ts";
import { type Artifacts, proxiedArtifacts } from "./artifacts.ts";
import { type Asking, asking, lied } from "./ask.ts";
import {
  type LoggedModel,
  type ModelVersion,
  readAliases,
  readLoggedModel,
  readModelVersion,
} from "./model.ts";
import { readRun, type Run } from "./run.ts";

/** A data set that a run used, as MLflow's own API has it. */
export interface DatasetInput {
  readonly name: string;
  /** At most 36 characters: the column of MLflow's own database. */
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  /** What it was used for, such as `training`. */
  readonly context: string;
}

/**
 * What a tracking server is asked. `undefined` is what the server itself says does not exist; all
 * else that goes wrong throws MlsignError `service-failed` or `service-lied`, and `usage` for what
 * is no id or name.
 */
export interface Client {
  getRun(runId: string): Promise<Run | undefined>;
  getModelVersion(name: string, version: string): Promise<ModelVersion | undefined>;
  /** Where the server says that the files of a version lie. */
  getDownloadUri(name: string, version: string): Promise<string | undefined>;
  getLoggedModel(modelId: string): Promise<LoggedModel | undefined>;
  /** Versions of a registered model by alias. */
  getAliases(name: string): Promise<ReadonlyMap<string, string> | undefined>;
  /** Points an alias to a version. MLflow knows no condition: ask before and after. */
  setAlias(name: string, alias: string, version: string): Promise<void>;
  setVersionTag(name: string, version: string, tag: Tag): Promise<void>;
  setLoggedModelTags(modelId: string, tags: readonly Tag[]): Promise<void>;
  setRunTag(runId: string, tag: Tag): Promise<void>;
  logInputs(runId: string, datasets: readonly DatasetInput[]): Promise<void>;
  readonly artifacts: Artifacts;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/**
 * A client of MLflow's REST API (2.0). No redirect is followed, and an answer is at most 16 MiB.
 *
 * @throws MlsignError `usage` for an address that is no such server's, or credentials in the open
 */
export function mlflowClient(options: ClientOptions): Client {
  const server = asking(options);
  return { ...reading(server), ...writing(server), artifacts: proxiedArtifacts(server) };
}

type Reading = Pick<
  Client,
  "getRun" | "getModelVersion" | "getDownloadUri" | "getLoggedModel" | "getAliases"
>;

function reading({ ask }: Asking): Reading {
  const about = async <T>(
    path: string,
    query: Readonly<Record<string, string>>,
    read: (answer: unknown) => T | undefined,
  ): Promise<T | undefined> => {
    const text = new URLSearchParams(query).toString();
    const answer = await ask({ path: `${API}/${path}${text === "" ? "" : `?${text}`}` });
    if (answer === undefined) return undefined;
    const found = read(answer);
    if (found === undefined) throw lied(`it is about no such ${path.split("/")[0] ?? "thing"}`);
    return found;
  };
  return {
    getRun: async (runId) =>
      about("runs/get", { run_id: id(runId, "run") }, (answer) => readRun(answer, runId)),
    getModelVersion: async (name, version) =>
      about("model-versions/get", { name, version: digits(version) }, (answer) =>
        readModelVersion(answer, name, version),
      ),
    getDownloadUri: async (name, version) =>
      about("model-versions/get-download-uri", { name, version: digits(version) }, readUri),
    getLoggedModel: async (modelId) =>
      about(`logged-models/${id(modelId, "model")}`, {}, (answer) =>
        readLoggedModel(answer, modelId),
      ),
    getAliases: async (name) =>
      about("registered-models/get", { name }, (answer) => readAliases(answer, name)),
  };
}

function writing({ ask }: Asking): Omit<Client, keyof Reading | "artifacts"> {
  const change = async (question: Parameters<Asking["ask"]>[0]): Promise<void> => {
    if ((await ask({ method: "POST", ...question })) !== undefined) return;
    throw new MlsignError("service-failed", "Cannot change what MLflow says is not there", {
      hint: "it was there a moment ago: look whether somebody deleted it",
    });
  };
  return {
    setAlias: async (name, alias, version) =>
      change({
        path: `${API}/registered-models/alias`,
        json: { name, alias, version: digits(version) },
      }),
    setVersionTag: async (name, version, tag) =>
      change({
        path: `${API}/model-versions/set-tag`,
        json: { name, version: digits(version), ...pair(tag) },
      }),
    setLoggedModelTags: async (modelId, tags) =>
      change({
        method: "PATCH",
        path: `${API}/logged-models/${id(modelId, "model")}/tags`,
        json: { tags: tags.map(pair) },
      }),
    setRunTag: async (runId, tag) =>
      change({ path: `${API}/runs/set-tag`, json: { run_id: id(runId, "run"), ...pair(tag) } }),
    logInputs: async (runId, datasets) =>
      change({
        path: `${API}/runs/log-inputs`,
        json: { run_id: id(runId, "run"), datasets: datasets.map(inputOf) },
      }),
  };
}

function readUri(answer: unknown): string | undefined {
  const uri = (answer as { artifact_uri?: unknown } | null)?.artifact_uri;
  return typeof uri === "string" && uri !== "" ? uri : undefined;
}

function inputOf({ name, digest, sourceType, source, context }: DatasetInput) {
  if (digest.length > MOST_DIGEST)
    throw new MlsignError(
      "limit-exceeded",
      `Cannot log the data set ${printable(name)}: its digest is longer than ${MOST_DIGEST} characters`,
    );
  return {
    tags: [{ key: "mlflow.data.context", value: context }],
    dataset: { name, digest, source_type: sourceType, source },
  };
}

/** @throws MlsignError `limit-exceeded` beyond what every server takes */
function pair({ key, value }: Tag): { key: string; value: string } {
  if (Buffer.byteLength(key) <= MOST_KEY && Buffer.byteLength(value) <= MOST_VALUE)
    return { key, value };
  throw new MlsignError("limit-exceeded", `Cannot set the tag ${printable(key)}: it is too long`);
}

function id(text: string, what: "run" | "model"): string {
  if (/^[\w-]{1,64}$/.test(text)) return text;
  throw new MlsignError("usage", `Cannot ask for ${what} ${printable(text)}: no ${what}'s id`);
}

function digits(text: string): string {
  if (/^\d{1,19}$/.test(text)) return text;
  throw new MlsignError("usage", `Cannot ask for version ${printable(text)}: not a number`);
}

const API = "/api/2.0/mlflow";
const MOST_DIGEST = 36;
const MOST_KEY = 250;
const MOST_VALUE = 5000;
