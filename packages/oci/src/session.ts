import { MlsignError, printable } from "@mlsign/core";
import { failed } from "./ask.ts";
import { authorize } from "./authorize.ts";
import { destination } from "./destination.ts";
import { exchange, type Reply, type Request } from "./exchange.ts";
import type { Reference } from "./reference.ts";
import type { RegistryOptions } from "./registry.ts";

/**
 * Requests to one repository, as one user. What the login came to is kept for the session and is
 * shown at the registry's own origin alone; it is asked for when the registry first wants it.
 */
export class Session {
  /** `https://HOST/v2/REPOSITORY/` */
  readonly base: URL;
  readonly registry: string;
  readonly repository: string;
  readonly #options: RegistryOptions;
  #authorization: string | undefined;

  constructor({ registry, repository }: Reference, options: RegistryOptions) {
    const scheme = options.insecure?.(registry) ? "http" : "https";
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    this.base = new URL(`${scheme}://${host}/v2/${repository}/`);
    this.registry = registry;
    this.repository = repository;
    this.#options = options;
  }

  /** Pause before the try that follows `failures` ones in a row. */
  async pause(failures: number): Promise<void> {
    const first = this.#options.retryDelayMs ?? 200;
    await new Promise((done) => setTimeout(done, first * 2 ** Math.min(failures - 1, 5)));
  }

  /** A path below the repository. */
  at(path: string): URL {
    return new URL(path, this.base);
  }

  /** Where an answer's `Location` leads. */
  leadsTo(reply: Reply): URL {
    return destination(reply.headers.get("location"), reply.url, this.base);
  }

  /**
   * One request; elsewhere than at the registry's origin it goes without authorization, and a
   * challenge there is not answered.
   *
   * @throws MlsignError `service-failed`, `service-lied`, and what `credentials` throws
   */
  async send(url: URL, request: Request): Promise<Reply> {
    const timeoutMs = this.#options.timeoutMs;
    const own = url.origin === this.base.origin;
    const headers =
      own && this.#authorization !== undefined
        ? { ...request.headers, authorization: this.#authorization }
        : request.headers;
    const first = await exchange(url, { ...request, timeoutMs, ...(headers && { headers }) });
    if (first.status !== 401 || !own) return first;
    await first.drop();
    const challenge = first.headers.get("www-authenticate") ?? "";
    const credentials = await this.#options.credentials?.(this.registry);
    const limits = timeoutMs === undefined ? {} : { timeoutMs };
    this.#authorization = await authorize(
      { challenge, url },
      { ...limits, registry: this.registry, credentials },
    );
    const authorization = this.#authorization;
    return exchange(url, {
      ...request,
      timeoutMs,
      headers: { ...request.headers, authorization },
    });
  }

  /** A GET whose redirects are followed: a blob may lie elsewhere. Once left, no login is shown. */
  async follow(url: URL, headers: Readonly<Record<string, string>>): Promise<Reply> {
    let at = url;
    let left = false;
    for (let hops = 0; hops <= MOST_HOPS; hops++) {
      const request: Request = { method: "GET", headers };
      const reply = left
        ? await exchange(at, { ...request, timeoutMs: this.#options.timeoutMs })
        : await this.send(at, request);
      if (!REDIRECTS.has(reply.status)) return reply;
      await reply.drop();
      at = this.leadsTo(reply);
      left ||= at.origin !== this.base.origin;
    }
    throw failed(this.registry, `it redirects more than ${MOST_HOPS} times`);
  }

  /** The error for an answer that is not what was hoped for. */
  refused(what: string, { status }: Reply): MlsignError {
    const why =
      status === 401 || status === 403
        ? `it refused the login (${status})`
        : status >= 300 && status < 400
          ? `it answered ${status}, a redirect, which is not followed`
          : `it answered ${status}`;
    return new MlsignError(
      "service-failed",
      `Cannot ${what} at ${printable(this.registry)}/${this.repository}: ${why}`,
    );
  }

  failed(why: string): MlsignError {
    return failed(this.registry, why);
  }

  /** The error for an answer that cannot be true. */
  lied(what: string): MlsignError {
    return new MlsignError(
      "service-lied",
      `Cannot use the answer of ${printable(this.registry)}: ${what}`,
    );
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_HOPS = 5;
