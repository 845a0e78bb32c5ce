import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mlflowClient } from "@mlsign/mlflow";
import type { ExecutionContext } from "ava";

/** What the server holds; a test changes it as an attacker or another writer would. */
export interface State {
  readonly versions: Map<string, Record<string, unknown>>;
  readonly models: Map<string, Record<string, unknown>>;
  readonly runs: Map<string, Record<string, unknown>>;
  readonly aliases: Map<string, unknown>;
  readonly files: Map<string, Buffer>;
  /** Each request that changes something: method, path, body. */
  readonly writes: { readonly path: string; readonly body: string }[];
  /** Answers instead of the server; `false` leaves it to it. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly uri: string;
  readonly client: ReturnType<typeof mlflowClient>;
}

export const ID: string = `m-${"a".repeat(32)}`;
export const ROOT: string = `1/models/${ID}/artifacts`;

/** A server with one model of two files, registered as `iris`, version 3. */
export async function serveMlflow(t: ExecutionContext): Promise<State> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (state.intercept(request, response)) return;
      answer(state, request, Buffer.concat(chunks), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: State = {
    versions: new Map([
      [
        "iris/3",
        { name: "iris", version: 3, source: `models:/${ID}`, run_id: "r1", status: "READY" },
      ],
    ]),
    models: new Map([
      [
        ID,
        {
          info: {
            model_id: ID,
            name: "model",
            artifact_uri: `mlflow-artifacts:/${ROOT}`,
            source_run_id: "r1",
            status: "LOGGED_MODEL_READY",
          },
        },
      ],
    ]),
    runs: new Map([["r1", { info: { run_id: "r1" }, data: { tags: [] } }]]),
    aliases: new Map<string, unknown>(),
    files: new Map([
      [`${ROOT}/MLmodel`, Buffer.from("flavors: {}\n")],
      [`${ROOT}/data/model.bin`, Buffer.from("weights")],
    ]),
    writes: [],
    intercept: () => false,
    uri,
    client: mlflowClient({ uri }),
  };
  return state;
}

function answer(
  state: State,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? "/", state.uri);
  const send = (value: unknown): void => {
    if (value === undefined) {
      response.writeHead(404).end(JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST" }));
    } else response.end(JSON.stringify(value));
  };
  const path = url.pathname.replace("/api/2.0/", "");
  const query = (name: string): string => url.searchParams.get(name) ?? "";
  const artifacts = "mlflow-artifacts/artifacts";
  if (request.method !== "GET") {
    state.writes.push({ path, body: body.toString() });
    if (path.startsWith(`${artifacts}/`)) {
      state.files.set(decodeURIComponent(path.slice(artifacts.length + 1)), body);
      return void response.end();
    }
    if (path === "mlflow/registered-models/alias") {
      const { alias, version } = JSON.parse(body.toString()) as Record<string, string>;
      state.aliases.set(alias ?? "", version);
    }
    return send({});
  }
  if (path === artifacts) return send({ files: childrenOf(state.files, query("path")) });
  if (path.startsWith(`${artifacts}/`)) {
    const file = state.files.get(decodeURIComponent(path.slice(artifacts.length + 1)));
    return file === undefined ? send(undefined) : void response.end(file);
  }
  const wrap = (name: string, value: unknown): unknown =>
    value === undefined ? undefined : { [name]: value };
  if (path === "mlflow/model-versions/get")
    return send(wrap("model_version", state.versions.get(`${query("name")}/${query("version")}`)));
  if (path === "mlflow/model-versions/get-download-uri")
    return send({ artifact_uri: `mlflow-artifacts:/${ROOT}` });
  if (path.startsWith("mlflow/logged-models/"))
    return send(wrap("model", state.models.get(path.slice("mlflow/logged-models/".length))));
  if (path === "mlflow/runs/get") return send(wrap("run", state.runs.get(query("run_id"))));
  if (path === "mlflow/registered-models/get" && query("name") === "iris") {
    const aliases = [...state.aliases].map(([alias, version]) => ({ alias, version }));
    return send({ registered_model: { name: "iris", aliases } });
  }
  send(undefined);
}

function childrenOf(files: ReadonlyMap<string, Buffer>, folder: string) {
  const children = new Map<string, unknown>();
  for (const [path, { length }] of files) {
    if (!path.startsWith(`${folder}/`)) continue;
    const [name = "", ...rest] = path.slice(folder.length + 1).split("/");
    const file = rest.length === 0;
    // A server may write an int64 as a text.
    children.set(name, { path: name, is_dir: !file, ...(file && { file_size: String(length) }) });
  }
  return [...children.values()];
}
