import {
  isRecord,
  type JsonValue,
  messageOf,
  MlsignError,
  parseJson,
  printable,
  readBody,
} from "@mlsign/core";
import { readReviews, readRun, type Review, type Run } from "./run.ts";

export interface ClientOptions {
  /** Of the REST API; https, or this machine. Default: GitHub's own. */
  readonly api?: string | undefined;
  /** With leave to read the runs of the repository's workflows. */
  readonly token: string;
  readonly timeoutMs?: number;
}

/**
 * What GitHub's REST API (2022-11-28) is asked. `undefined` is what it says does not exist, which it
 * also says of what the token may not see; all else that goes wrong throws MlsignError
 * `service-failed` or `service-lied`, and `usage` for what is no repository or run.
 */
export interface GithubClient {
  getRun(repository: string, id: string): Promise<Run | undefined>;
  /** What reviewers of protected environments said of a run. */
  getReviews(repository: string, id: string): Promise<readonly Review[] | undefined>;
}

/** @throws MlsignError `usage` for an address that a token must not be sent to */
export function githubClient(options: ClientOptions): GithubClient {
  const base = baseOf(options.api ?? "https://api.github.com");
  return {
    getRun: async (repository, id) => {
      const answer = await ask(`${base}${pathOf(repository, id)}`, options);
      if (answer === undefined) return undefined;
      const run = readRun(answer, repository, id);
      if (run === undefined) throw lied("it is of no such run");
      return run;
    },
    getReviews: async (repository, id) => {
      const answer = await ask(`${base}${pathOf(repository, id)}/approvals`, options);
      if (answer === undefined) return undefined;
      const reviews = readReviews(answer);
      if (reviews === undefined) throw lied("it is no list of reviews");
      return reviews;
    },
  };
}

function pathOf(repository: string, id: string): string {
  if (!/^[\w-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/.test(repository)) {
    throw new MlsignError("usage", `Cannot ask GitHub about ${printable(repository)}`, {
      hint: "a repository is OWNER/NAME",
    });
  }
  if (!/^\d{1,20}$/.test(id))
    throw new MlsignError("usage", `Cannot ask GitHub about the run ${printable(id)}: no number`);
  return `/repos/${repository}/actions/runs/${id}`;
}

function baseOf(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  const here = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url?.hostname ?? "");
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && here);
  if (url === undefined || !safe || url.username !== "" || url.search !== "") {
    throw new MlsignError("usage", `Cannot ask GitHub at ${printable(api)}`, {
      hint: "an https address, such as https://api.github.com",
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

async function ask(url: string, options: ClientOptions): Promise<JsonValue | undefined> {
  const { origin } = new URL(url);
  const failed = (why: string, cause?: unknown): MlsignError =>
    new MlsignError("service-failed", `Cannot get an answer from GitHub: ${why}`, {
      ...(cause !== undefined && { cause }),
      hint: `asked ${origin}`,
    });
  let status: number;
  let body: Buffer;
  try {
    // No redirect is followed: the token would be for whoever it leads to.
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${options.token}`,
        "user-agent": "mlsign",
        "x-github-api-version": "2022-11-28",
      },
    });
    ({ status } = response);
    body = await readBody(response, MOST_BYTES);
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw failed(messageOf(inner), cause);
  }
  const json = tryJson(body);
  if (status === 404 && isRecord(json) && json.message === "Not Found") return undefined;
  if (status !== 200) throw failed(`it answered ${status}`);
  if (json === undefined) throw lied("it is not JSON");
  return json;
}

function tryJson(body: Buffer): JsonValue | undefined {
  try {
    return parseJson(body, { maxBytes: MOST_BYTES, maxDepth: 64 });
  } catch {
    return undefined;
  }
}

function lied(why: string): MlsignError {
  return new MlsignError("service-lied", `Cannot use the answer of GitHub: ${why}`);
}

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 4 * 1024 * 1024;
