import { messageOf, MlsignError, printable, readBody } from "@mlsign/core";

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form with POST; without it the request is a GET. */
  readonly form?: URLSearchParams;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  /** The `WWW-Authenticate` header. */
  readonly challenge: string;
  readonly body: Buffer;
  readonly url: URL;
}

/**
 * One request: bounded in time and bytes, and no redirect followed, for it leads elsewhere, where
 * the authorization must not go.
 *
 * @throws MlsignError `service-failed`
 */
export async function ask(url: URL, options: AskOptions): Promise<Answer> {
  try {
    const response = await fetch(url, {
      ...(options.form && { method: "POST", body: options.form }),
      ...(options.headers && { headers: options.headers }),
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      challenge: response.headers.get("www-authenticate") ?? "",
      body: await readBody(response, MOST_BYTES),
      url,
    };
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    const inner = cause instanceof Error && cause.cause ? cause.cause : cause;
    throw failed(url.host, timedOut ? "it did not answer in time" : messageOf(inner), cause);
  }
}

/** @returns the error for a registry or token service that could not be asked. */
export function failed(host: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError(
    "service-failed",
    `Cannot ask the registry ${printable(host)}: ${printable(why)}`,
    { ...(cause !== undefined && { cause }) },
  );
}

const TIMEOUT_MS = 20_000;
/** Manifests are limited to 4 MiB (OCI distribution specification). */
const MOST_BYTES = 4 * 1024 * 1024;
