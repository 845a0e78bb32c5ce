import { messageOf, MlsignError } from "@mlsign/core";
import { answerOf, lied } from "./answer.ts";
import { request } from "./http.ts";
import { runProgram } from "./run-program.ts";

export interface AmbientOptions {
  /** The environment's variables, passed in by the one who reads it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether this machine is one of Google Cloud's. */
  onGoogleCloud(): boolean;
}

/**
 * The identity token that a CI system or cloud offers the job, `undefined` where none does:
 * `SIGSTORE_ID_TOKEN` (GitLab's `id_tokens`, or anybody), GitHub Actions, Buildkite, Google Cloud.
 *
 * @throws MlsignError `service-failed` or `identity-token-missing` where one is offered but fails.
 */
export async function ambientToken(options: AmbientOptions): Promise<string | undefined> {
  const { env } = options;
  if (env.SIGSTORE_ID_TOKEN) return env.SIGSTORE_ID_TOKEN;
  if (env.GITHUB_ACTIONS || env.ACTIONS_ID_TOKEN_REQUEST_URL) return githubToken(env);
  if (env.BUILDKITE === "true") return buildkiteToken();
  if (env.GCE_METADATA_HOST || options.onGoogleCloud()) {
    return googleToken(env.GCE_METADATA_HOST ?? "metadata.google.internal");
  }
  return undefined;
}

async function githubToken(env: AmbientOptions["env"]): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  if (!url || !bearer || !URL.canParse(url)) {
    throw new MlsignError("identity-token-missing", "Cannot get an identity from GitHub Actions", {
      hint: "give the job the permission `id-token: write`",
    });
  }
  const endpoint = new URL(url);
  endpoint.searchParams.set("audience", AUDIENCE);
  const service = "GitHub Actions";
  const { body } = await request({
    service,
    url: endpoint.href,
    method: "GET",
    repeat: "safe",
    secrets: [bearer],
    headers: { authorization: `bearer ${bearer}`, accept: "application/json" },
  });
  const { value } = answerOf(body, service);
  if (typeof value !== "string") throw lied(service, "it holds no token");
  return value;
}

async function buildkiteToken(): Promise<string> {
  try {
    const args = ["oidc", "request-token", "--audience", AUDIENCE];
    return (await runProgram("buildkite-agent", args, { timeoutMs: 30_000 })).trim();
  } catch (cause) {
    throw new MlsignError(
      "identity-token-missing",
      `Cannot get an identity from buildkite-agent: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function googleToken(host: string): Promise<string> {
  const path = "/computeMetadata/v1/instance/service-accounts/default/identity";
  const { body } = await request({
    service: "Google Cloud's metadata server",
    url: `http://${host}${path}?audience=${AUDIENCE}&format=full`,
    method: "GET",
    repeat: "safe",
    timeoutMs: 5000,
    headers: { "metadata-flavor": "Google" },
  });
  return body.toString("utf8").trim();
}

const AUDIENCE = "sigstore";
