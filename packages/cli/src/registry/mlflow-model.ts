import { lstatSync } from "node:fs";
import { join } from "node:path";
import { EXIT, MlsignError, printable } from "@mlsign/core";
import { type Client, mlflowClient, type Run } from "@mlsign/mlflow";
import { parseLocation } from "@mlsign/objects";
import {
  bringModel,
  mlflowPurl,
  moveAlias,
  objectFolder,
  parseMlflowReference,
  proxiedFolder,
  type RegisteredModel,
  type RemoteFolder,
  resolveRegistered,
  type WatchedAlias,
  watchAlias,
} from "@mlsign/registry";
import type { Host } from "../host.ts";
import { mlflowLogin } from "../lineage/mlflow-run.ts";
import type { BroughtModel } from "../model/brought-model.ts";
import { withPrivateFolder } from "../model/private-folder.ts";
import type { ModelUse } from "../model/with-model.ts";
import { openTrustedStore } from "../storage/trusted-store.ts";
import { say } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { evidenceAt, writeBack } from "./mlflow-write-back.ts";

/** A model of MLflow's, as its server tells it at the beginning of a command. */
export interface MlflowModel {
  readonly client: Client;
  readonly model: RegisteredModel;
  readonly run: Run | "missing" | undefined;
}

/**
 * Does a command's work on a model of MLflow's registry: resolved by its version or id, brought
 * here whole, and with its evidence put back when the work was done well. What the work prints is
 * told when all of that was.
 *
 * @throws MlsignError `reference-invalid`, `model-missing`, `usage`, `alias-moved`,
 *   `lineage-contradicted`, `registry-changed`, `service-failed`, and what the work throws
 */
export async function withMlflowModel(
  reference: string,
  use: ModelUse,
  host: Host,
  work: (host: Host) => Promise<number>,
): Promise<number> {
  // Before the server is asked: what can move is refused wherever it may be.
  parseMlflowReference(reference);
  const uri = serverOf(use, host);
  const client = mlflowClient({ uri, ...mlflowLogin(host) });
  const model = await resolveRegistered(client, reference, uri);
  const alias = await watched(client, model, use);
  const run = model.runId === undefined ? undefined : await client.getRun(model.runId);
  const found: MlflowModel = {
    client,
    model,
    run: model.runId === undefined ? undefined : (run ?? "missing"),
  };
  const resource = mlflowPurl(model, uri);
  return withFiles(found, use, host, async (path, folder) => {
    const brought: BroughtModel = { reference, path, resource, run: found.run };
    const inner = { ...host, brought: [...(host.brought ?? []), brought] };
    if (use.writes !== true) return work(inner);
    const before = evidenceAt(path);
    const printed: string[] = [];
    const exit = await work({ ...inner, out: (text) => void printed.push(text) });
    if (exit === EXIT.accepted) {
      await writeBack(found, { path, folder, before }, use, host);
      if (alias !== undefined) await move(found, alias, host);
    }
    for (const text of printed) host.out(text);
    return exit;
  });
}

/** @throws MlsignError `usage` */
function serverOf({ mlflowUri }: ModelUse, { env }: Host): string {
  const uri = mlflowUri ?? env.MLFLOW_TRACKING_URI;
  if (uri !== undefined && uri !== "") return uri;
  throw new MlsignError("usage", "Cannot look for the model: no MLflow server was named", {
    hint: "give --mlflow-uri, or set MLFLOW_TRACKING_URI",
  });
}

async function watched(
  client: Client,
  { named, name }: RegisteredModel,
  { alias }: ModelUse,
): Promise<WatchedAlias | undefined> {
  if (alias === undefined) return undefined;
  if (named.kind === "version") return watchAlias(client, name, alias);
  throw new MlsignError("usage", "Cannot move an alias: a logged model has no version", {
    hint: "register it, then name it as models:/NAME/VERSION",
  });
}

async function move(
  { client, model }: MlflowModel,
  alias: WatchedAlias,
  host: Host,
): Promise<void> {
  if (model.named.kind !== "version") return;
  const { name, version } = model.named;
  const moved = await moveAlias(client, alias, version);
  const shown = `${printable(alias.alias)} of ${printable(name)}`;
  say(host, `${shown} ${moved ? "now points" : "points already"} to version ${version}`);
}

/** The files where they lie, if that is here, and else a copy for the time of the work. */
async function withFiles(
  { client, model }: MlflowModel,
  use: ModelUse,
  host: Host,
  work: (path: string, folder: RemoteFolder | undefined) => Promise<number>,
): Promise<number> {
  const { location, reference } = model;
  if (location.kind === "local") return work(localModel(location.path, reference), undefined);
  if (location.kind === "proxied") {
    const folder = proxiedFolder(client.artifacts, location.path);
    return withCopy(folder, model, host, (path) => work(path, folder));
  }
  if (use.writes === true) throw readOnly(location.url);
  const place = parseLocation(location.url);
  const { storageEndpoint: endpoint, storageRegion: region } = use;
  const store = await openTrustedStore(place.scheme, { endpoint, region }, host);
  try {
    const folder = objectFolder(store, place);
    return await withCopy(folder, model, host, (path) => work(path, undefined));
  } finally {
    store.close();
  }
}

async function withCopy(
  folder: Pick<RemoteFolder, "where" | "list" | "read">,
  { name }: RegisteredModel,
  host: Host,
  work: (path: string) => Promise<number>,
): Promise<number> {
  return withPrivateFolder(async (outer) => {
    const path = join(outer, name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_"));
    const progress = progressLine(host);
    try {
      await bringModel(folder, path, { onProgress: progress.onProgress, signal: host.signal });
    } finally {
      progress.end();
    }
    return work(path);
  });
}

/** Where others may write at the same time, a claim must not be lost: buckets are read only. */
function readOnly(url: string): MlsignError {
  return new MlsignError("usage", `Cannot put evidence into ${printable(url)}: it is read only`, {
    hint: "have the server pass artifacts on: mlflow server --artifacts-destination",
  });
}

/**
 * A folder that the server names is used only where it is a model of MLflow's: a server must not
 * have any folder of this machine signed, or a signature written into it.
 */
function localModel(path: string, reference: string): string {
  const file = lstatSync(join(path, "MLmodel"), { throwIfNoEntry: false });
  if (file?.isFile() === true) return path;
  throw new MlsignError(
    "model-missing",
    `Cannot find the files of ${printable(reference)}: ${printable(path)} is no such model here`,
    { hint: "mount the server's artifacts here, or have the server pass them on" },
  );
}
