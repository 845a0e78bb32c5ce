import {
  isRecord,
  type JsonValue,
  messageOf,
  MlsignError,
  parseJson,
  printable,
  readBody,
} from "@mlsign/core";
import { readRun, type Run } from "./run.ts";

export interface ClientOptions {
  /** `http://` or `https://`; what follows the host is kept as the prefix of every path. */
  readonly uri: string;
  /** Sent over https, or to this machine. */
  readonly credentials?:
    | { readonly username: string; readonly password: string }
    | { readonly token: string };
  readonly timeoutMs?: number;
}

export interface Client {
  /**
   * A run by its id, `undefined` where the server says that there is none.
   *
   * @throws MlsignError `usage` for what is no run id, `service-failed`, `service-lied`
   */
  getRun(runId: string): Promise<Run | undefined>;
}

/**
 * A client of MLflow's REST API (2.0). No redirect is followed, and an answer is at most 16 MiB.
 *
 * @throws MlsignError `usage` for an address that is no such server's, or credentials in the open
 */
export function mlflowClient(options: ClientOptions): Client {
  const base = baseOf(options);
  return {
    getRun: async (runId) => {
      if (!/^[\w-]{1,64}$/.test(runId))
        throw new MlsignError("usage", `Cannot ask for run ${printable(runId)}: no run's id`);
      const url = `${base}/api/2.0/mlflow/runs/get?run_id=${encodeURIComponent(runId)}`;
      const answer = await ask(url, options);
      if (answer === undefined) return undefined;
      const run = readRun(answer, runId);
      if (run === undefined) throw lied("it is of no such run");
      return run;
    },
  };
}

function baseOf({ uri, credentials }: ClientOptions): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new MlsignError("usage", `Cannot ask MLflow at ${printable(uri)}: not an http address`, {
      hint: "a tracking server's, such as https://mlflow.example",
    });
  }
  const here = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (credentials !== undefined && url.protocol === "http:" && !here) {
    throw new MlsignError("usage", `Cannot log in to ${printable(url.origin)} without TLS`, {
      hint: "use its https address",
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** `undefined` where the server itself says that what was asked for does not exist. */
async function ask(url: string, options: ClientOptions): Promise<JsonValue | undefined> {
  const { origin } = new URL(url);
  const failed = (why: string, cause?: unknown): MlsignError =>
    new MlsignError("service-failed", `Cannot get an answer from MLflow: ${why}`, {
      ...(cause !== undefined && { cause }),
      hint: `asked ${origin}`,
    });
  let status: number;
  let body: Buffer;
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
      headers: { accept: "application/json", ...authorization(options) },
    });
    ({ status } = response);
    body = await readBody(response, MOST_BYTES);
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw failed(messageOf(inner), cause);
  }
  const json = tryJson(body);
  if (status === 404 && isRecord(json) && json.error_code === "RESOURCE_DOES_NOT_EXIST")
    return undefined;
  if (status !== 200) throw failed(`it answered ${status}`);
  if (json === undefined) throw lied("it is not JSON");
  return json;
}

function authorization({ credentials }: ClientOptions): Record<string, string> {
  if (credentials === undefined) return {};
  if ("token" in credentials) return { authorization: `Bearer ${credentials.token}` };
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`);
  return { authorization: `Basic ${pair.toString("base64")}` };
}

function tryJson(body: Buffer): JsonValue | undefined {
  try {
    return parseJson(body, { maxBytes: MOST_BYTES, maxDepth: 64 });
  } catch {
    return undefined;
  }
}

function lied(why: string): MlsignError {
  return new MlsignError("service-lied", `Cannot use the answer of MLflow: ${why}`);
}

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 16 * 1024 * 1024;
