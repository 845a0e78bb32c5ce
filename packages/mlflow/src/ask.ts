import {
  isRecord,
  type JsonObject,
  type JsonValue,
  messageOf,
  MlsignError,
  parseJson,
  printable,
  readBody,
} from "@mlsign/core";
import { baseOf, type ClientOptions } from "./address.ts";

interface Question {
  readonly method?: "GET" | "POST" | "PATCH" | "PUT";
  /** Below the server's prefix, with its query; encoded. */
  readonly path: string;
  readonly json?: JsonObject;
  readonly bytes?: Uint8Array;
}

/** What a server is asked, and how it answers: no redirect followed, nothing without a bound. */
export interface Asking {
  /** The server's own JSON; `undefined` where it says itself that what is meant does not exist. */
  readonly ask: (question: Question) => Promise<JsonValue | undefined>;
  /** The bytes as they come; `undefined` where it says itself that there are none. */
  readonly stream: (path: string) => Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** @throws MlsignError `usage`; what is returned throws `service-failed` and `service-lied` */
export function asking(options: ClientOptions): Asking {
  const base = baseOf(options);
  return {
    ask: async (question) => {
      const idle = idleSignal(options.timeoutMs);
      try {
        const response = await send(base, question, options, idle.signal);
        return await jsonOf(response, base, question.bytes !== undefined);
      } finally {
        idle.end();
      }
    },
    stream: async (path) => {
      const idle = idleSignal(options.timeoutMs);
      let kept = false;
      try {
        const response = await send(base, { path }, options, idle.signal);
        if (response.status !== 200) return await jsonOf(response, base, false).then(noBytes);
        kept = true;
        return pieces(response, base, idle);
      } finally {
        if (!kept) idle.end();
      }
    },
  };
}

async function send(
  base: string,
  { method = "GET", path, json, bytes }: Question,
  options: ClientOptions,
  signal: AbortSignal,
): Promise<Response> {
  const body = json === undefined ? bytes : JSON.stringify(json);
  try {
    return await fetch(`${base}${path}`, {
      method,
      redirect: "manual",
      signal,
      headers: {
        accept: "application/json, application/octet-stream",
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(bytes !== undefined && { "content-type": "application/octet-stream" }),
        ...authorization(options),
      },
      ...(body !== undefined && { body: body as BodyInit }),
    });
  } catch (cause) {
    throw broken(base, cause);
  }
}

async function jsonOf(
  response: Response,
  base: string,
  mayBeEmpty: boolean,
): Promise<JsonValue | undefined> {
  let body: Buffer;
  try {
    body = await readBody(response, MOST_BYTES);
  } catch (cause) {
    throw broken(base, cause);
  }
  const json = tryJson(body);
  const code = isRecord(json) ? json.error_code : undefined;
  if (response.status === 404 && code === "RESOURCE_DOES_NOT_EXIST") return undefined;
  if (response.status !== 200) {
    const said = typeof code === "string" && /^[A-Z_]{1,64}$/.test(code) ? ` ${code}` : "";
    throw failed(base, `it answered ${response.status}${said}`);
  }
  if (json === undefined && mayBeEmpty && body.length === 0) return null;
  if (json === undefined) throw lied("it is not JSON");
  return json;
}

function noBytes(json: JsonValue | undefined): undefined {
  if (json !== undefined) throw lied("it is no file");
}

async function* pieces(
  response: Response,
  base: string,
  idle: ReturnType<typeof idleSignal>,
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of response.body ?? []) {
      idle.refresh();
      yield piece;
    }
  } catch (cause) {
    throw broken(base, cause);
  } finally {
    idle.end();
    // A reader that left early must not leave the connection open.
    idle.abort();
  }
}

/** Aborts what has been silent for too long. */
function idleSignal(timeoutMs: number = TIMEOUT_MS) {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`nothing came for ${timeoutMs} ms`)),
    timeoutMs,
  );
  return {
    signal: controller.signal,
    refresh: (): void => void timer.refresh(),
    end: (): void => clearTimeout(timer),
    abort: (): void => controller.abort(),
  };
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

function broken(base: string, cause: unknown): MlsignError {
  if (cause instanceof MlsignError) return cause;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return failed(base, messageOf(inner), cause);
}

function failed(base: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError("service-failed", `Cannot get an answer from MLflow: ${printable(why)}`, {
    ...(cause !== undefined && { cause }),
    hint: `asked ${new URL(base).origin}`,
  });
}

/** An answer that is not what was asked for. */
export function lied(why: string): MlsignError {
  return new MlsignError("service-lied", `Cannot use the answer of MLflow: ${printable(why)}`);
}

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 16 * 1024 * 1024;
