import { messageOf, MlsignError, printable, readBody } from "@mlsign/core";
import { failed } from "./ask.ts";

export interface Request {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Until the head of the answer, and between two pieces of a streamed body; all of a small one. */
  readonly timeoutMs?: number | undefined;
}

/** The head of an answer; its body is read once, or dropped. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly url: URL;
  /** @throws MlsignError `service-failed` where the connection breaks or stalls */
  chunks(): AsyncIterable<Uint8Array>;
  /** @throws MlsignError `service-failed`, also beyond `most` bytes */
  bytes(most: number): Promise<Buffer>;
  drop(): Promise<void>;
}

/**
 * One request whose answer is streamed. No redirect is followed, and nothing is decoded: what a
 * registry stores is what its digest is of.
 *
 * @throws MlsignError `service-failed`, `service-lied`
 */
export async function exchange(url: URL, request: Request): Promise<Reply> {
  const timer = new StallTimer(request.timeoutMs ?? TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(url, {
      method: request.method,
      headers: { ...request.headers, "accept-encoding": "identity" },
      ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
      redirect: "manual",
      signal: timer.signal,
    });
  } catch (cause) {
    timer.stop();
    throw broken(url, cause);
  }
  const { status, headers } = response;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    timer.stop();
    await response.body?.cancel().catch(() => {});
    const host = printable(url.host);
    throw new MlsignError("service-lied", `Cannot use the answer of ${host}: it is encoded`);
  }
  async function* chunks(streamed: boolean): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        if (streamed) timer.pause();
        yield chunk;
        if (streamed) timer.start();
      }
    } catch (cause) {
      throw broken(url, cause);
    } finally {
      timer.stop();
    }
  }
  return {
    status,
    headers,
    url,
    chunks: () => chunks(true),
    bytes: async (most) => {
      try {
        return await readBody({ body: chunks(false) }, most);
      } catch (cause) {
        if (cause instanceof MlsignError) throw cause;
        throw failed(url.host, messageOf(cause), cause);
      }
    },
    drop: async () => {
      timer.stop();
      await response.body?.cancel().catch(() => {});
    },
  };
}

/** Aborts what does not move; while the reader itself is slow, the clock stands. */
class StallTimer {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#ms = ms;
    this.start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    this.pause();
    const stalled = new Error("it did not answer in time");
    this.#timer = setTimeout(() => this.#controller.abort(stalled), this.#ms);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  stop(): void {
    this.pause();
  }
}

function broken(url: URL, cause: unknown): MlsignError {
  const inner = cause instanceof Error && cause.cause ? cause.cause : cause;
  return failed(url.host, messageOf(inner), cause);
}

const TIMEOUT_MS = 60_000;
