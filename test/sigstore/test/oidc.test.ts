import { CIContextProvider } from "@sigstore/sign";
import test, { type ExecutionContext } from "ava";
import { sha, type Sigstore, startSigstore } from "../src/index.ts";

const OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob";
const VERIFIER = "v".repeat(43);

async function started(t: ExecutionContext): Promise<Sigstore> {
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  return sigstore;
}

function authorize(sigstore: Sigstore, redirectUri: string): Promise<Response> {
  const url = new URL(`${sigstore.urls.oidc}/auth`);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: "sigstore",
    redirect_uri: redirectUri,
    scope: "openid email",
    state: "s1",
    nonce: "n1",
    code_challenge: sha(VERIFIER).toString("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return fetch(url, { redirect: "manual" });
}

function exchange(
  sigstore: Sigstore,
  code: string,
  redirectUri: string,
  verifier = VERIFIER,
): Promise<Response> {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: "sigstore",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  return fetch(`${sigstore.urls.oidc}/token`, { method: "POST", body });
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
}

test("a code from the loopback redirect buys one token", async (t) => {
  const sigstore = await started(t);
  const redirectUri = "http://127.0.0.1:49152/callback";
  const answer = await authorize(sigstore, redirectUri);
  const location = new URL(answer.headers.get("location") ?? "");
  t.is(location.origin + location.pathname, redirectUri);
  t.is(location.searchParams.get("state"), "s1");
  const code = location.searchParams.get("code") ?? "";
  const token = (await (await exchange(sigstore, code, redirectUri)).json()) as {
    id_token: string;
  };
  const claims = claimsOf(token.id_token);
  t.like(claims, {
    email: "alice@example.com",
    email_verified: true,
    aud: "sigstore",
    nonce: "n1",
  });
  t.is((await exchange(sigstore, code, redirectUri)).status, 400);
});

test("a wrong verifier spends the code", async (t) => {
  const sigstore = await started(t);
  const page = await (await authorize(sigstore, OUT_OF_BAND)).text();
  const code = /<code>(.*)<\/code>/.exec(page)?.[1] ?? "";
  t.is((await exchange(sigstore, code, OUT_OF_BAND, "w".repeat(43))).status, 400);
  t.is((await exchange(sigstore, code, OUT_OF_BAND)).status, 400);
});

test("a code to paste buys a token", async (t) => {
  const sigstore = await started(t);
  const page = await (await authorize(sigstore, OUT_OF_BAND)).text();
  const code = /<code>(.*)<\/code>/.exec(page)?.[1] ?? "";
  t.is((await exchange(sigstore, code, OUT_OF_BAND)).status, 200);
});

test("a person who cancels leads to access_denied", async (t) => {
  const sigstore = await started(t);
  sigstore.users.person = "deny";
  const answer = await authorize(sigstore, "http://localhost:1/");
  t.is(new URL(answer.headers.get("location") ?? "").searchParams.get("error"), "access_denied");
  t.is((await authorize(sigstore, "https://evil.example/")).status, 400);
});

test.serial("a GitHub job gets a token with its bearer alone", async (t) => {
  const sigstore = await started(t);
  const environment = sigstore.actionsEnvironment();
  const url = environment["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  t.is((await fetch(url, { headers: { authorization: "Bearer x" } })).status, 401);
  Object.assign(process.env, environment);
  t.teardown(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  const token = await new CIContextProvider("sigstore").getToken();
  t.like(claimsOf(token), { aud: "sigstore", repository: "acme/models" });
});

test("the metadata server wants its header", async (t) => {
  const sigstore = await started(t);
  const path = "/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore";
  const url = `${sigstore.urls.oidc}${path}`;
  t.is((await fetch(url)).status, 403);
  const answer = await fetch(url, { headers: { "metadata-flavor": "Google" } });
  t.like(claimsOf(await answer.text()), { iss: "https://accounts.google.com", aud: "sigstore" });
});

test("discovery names the keys that verify a token", async (t) => {
  const sigstore = await started(t);
  const url = `${sigstore.urls.oidc}/.well-known/openid-configuration`;
  const found = (await (await fetch(url)).json()) as Record<string, string>;
  t.is(found["issuer"], sigstore.urls.oidc);
  const { keys } = (await (await fetch(found["jwks_uri"] ?? "")).json()) as {
    keys: { kid: string }[];
  };
  const header = sigstore.token().split(".")[0] ?? "";
  t.is(
    keys[0]?.kid,
    (JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string }).kid,
  );
});
