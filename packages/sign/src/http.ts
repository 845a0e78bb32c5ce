import { setTimeout as sleep } from "node:timers/promises";
import { isRecord, messageOf, MlsignError, printable, readBody } from "@mlsign/core";

export interface HttpRequest {
  /** Who is asked, in words, for messages. */
  readonly service: string;
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
  /**
   * `safe`: asking twice does no harm. `once`: a request whose answer was lost is not sent again,
   * for the service may have acted on it.
   */
  readonly repeat: "safe" | "once";
  /** Statuses that are answers too, beside 200 and 201. */
  readonly accept?: readonly number[];
  /** Texts that must not appear in a message, whatever the service answers. */
  readonly secrets?: readonly string[];
}

export interface HttpResponse {
  readonly status: number;
  readonly body: Buffer;
  /** The header of this name: never followed, and a stranger's text. */
  readonly location?: string;
}

/**
 * Sends a request: at most three tries, 20 s each, 4 MiB of answer, no redirect (a token must not
 * follow one). Any answer but 200, 201 and those of `accept` is an error.
 *
 * @throws MlsignError `service-failed`
 */
export async function request(options: HttpRequest): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(options);
    if ("body" in result) return result;
    if (attempt === ATTEMPTS || !mayRepeat(result, options.repeat)) throw result.error;
    await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
}

interface Failure {
  readonly error: MlsignError;
  readonly kind: "unsent" | "lost" | "busy" | "failed" | "refused";
}

function mayRepeat(failure: Failure, repeat: HttpRequest["repeat"]): boolean {
  if (failure.kind === "unsent" || failure.kind === "busy") return true;
  return repeat === "safe" && failure.kind !== "refused";
}

async function tryOnce(options: HttpRequest): Promise<HttpResponse | Failure> {
  let response: Response;
  try {
    response = await fetch(options.url, {
      method: options.method ?? "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
      ...(options.headers && { headers: options.headers }),
      ...(options.body !== undefined && { body: options.body as BodyInit }),
    });
  } catch (cause) {
    const kind = UNSENT.has(String(causeCode(cause))) ? "unsent" : "lost";
    return { kind, error: failed(options, causeText(cause), cause) };
  }
  try {
    const body = await readBody(response, MOST_BYTES);
    const { status } = response;
    if (status !== 200 && status !== 201 && !options.accept?.includes(status)) {
      return refusal(options, status, body);
    }
    const location = response.headers.get("location") ?? undefined;
    return { status, body, ...(location !== undefined && { location }) };
  } catch (cause) {
    return {
      kind: "lost",
      error: failed(options, `its answer broke off: ${messageOf(cause)}`, cause),
    };
  }
}

function refusal(options: HttpRequest, status: number, body: Buffer): Failure {
  if (status >= 300 && status < 400) {
    return {
      kind: "refused",
      error: failed(options, `it answered ${status}, a redirect, which is not followed`),
    };
  }
  const text = `it answered ${status}${said(body, options.secrets ?? [])}`;
  if (status === 429 || status === 503) return { kind: "busy", error: failed(options, text) };
  return {
    kind: status >= 500 || status === 408 ? "failed" : "refused",
    error: failed(options, text),
  };
}

/** What the service says of its refusal, cut, escaped, and rid of anything that may be a secret. */
function said(body: Buffer, secrets: readonly string[]): string {
  let text = "";
  try {
    const json: unknown = JSON.parse(body.toString("utf8"));
    if (isRecord(json) && typeof json.message === "string") text = json.message;
  } catch {
    return "";
  }
  const pieces = secrets
    .flatMap((secret) => [secret, ...secret.split(".")])
    .filter((s) => s.length > 7);
  for (const piece of pieces) text = text.replaceAll(piece, "[secret]");
  text = text.replace(/[\w-]{16,}\.[\w-]{16,}\.[\w-]*/g, "[token]");
  return text === "" ? "" : `: ${printable(text.slice(0, 200))}`;
}

function failed(options: HttpRequest, why: string, cause?: unknown): MlsignError {
  const { origin, pathname } = new URL(options.url);
  return new MlsignError("service-failed", `Cannot get an answer from ${options.service}: ${why}`, {
    ...(cause !== undefined && { cause }),
    hint: `asked ${origin}${pathname}`,
  });
}

function causeText(cause: unknown): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return "it did not answer in time";
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return messageOf(inner);
}

function causeCode(cause: unknown): unknown {
  const inner = cause instanceof Error ? cause.cause : undefined;
  return isRecord(inner) || inner instanceof Error ? (inner as { code?: unknown }).code : undefined;
}

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 250;
const TIMEOUT_MS = 20_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** The connection was never made, so nothing was asked. */
const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
