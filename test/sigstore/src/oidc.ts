import { randomBytes } from "node:crypto";
import { type Handler, json, notFound, type Reply, type ServiceRequest, text } from "./http.ts";
import {
  GITHUB_ISSUER,
  githubClaims,
  GOOGLE_ISSUER,
  type Issuer,
  type TokenOptions,
} from "./issuer.ts";
import { algorithmOf, jwkOf } from "./jwt.ts";
import { sha } from "./keys.ts";

/** Who is at the keyboard and which job runs: what the issuer's pages and endpoints answer for. */
export interface Users {
  /** Logs in at once; `deny` presses "cancel". */
  person: TokenOptions | "deny";
  /** The job of the ambient endpoints. */
  readonly job: TokenOptions;
  readonly serviceAccount: TokenOptions;
  /** The bearer token that the ambient endpoint asks for. */
  readonly jobSecret: string;
}

export function defaultUsers(): Users {
  return {
    person: { email: "alice@example.com" },
    job: { issuer: GITHUB_ISSUER, claims: githubClaims() },
    serviceAccount: { issuer: GOOGLE_ISSUER, email: "trainer@acme.iam.gserviceaccount.com" },
    jobSecret: randomBytes(24).toString("base64url"),
  };
}

/** The issuer's HTTP interface: discovery, keys, code flow with PKCE, and ambient identities. */
export function oidcHandler(issuer: Issuer, users: Users): Handler {
  const codes = new Map<string, Grant>();
  return (request, lie) => {
    const foreign = lie === "wrong-key";
    switch (`${request.method} ${request.url.pathname}`) {
      case "GET /.well-known/openid-configuration":
        return json(discovery(issuer));
      case "GET /keys":
        return json({ keys: [jwkOf(issuer.keys)] });
      case "GET /auth":
        return authorize(request, users, codes);
      case "POST /token":
        return exchange(request, issuer, codes, foreign);
      case "GET /actions/token":
        return actionsToken(request, issuer, users, foreign);
      case "GET /computeMetadata/v1/instance/service-accounts/default/identity":
        return metadataToken(request, issuer, users, foreign);
      default:
        return notFound();
    }
  };
}

/** What the authorization endpoint remembers until the code is spent. */
interface Grant {
  readonly person: TokenOptions;
  readonly challenge: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly nonce: string | null;
}

function discovery({ url, keys }: Issuer): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [algorithmOf(keys)],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["openid", "email"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
    claims_supported: ["aud", "email", "email_verified", "exp", "iat", "iss", "nonce", "sub"],
  };
}

/** RFC 6749 4.1.1 with RFC 7636 and RFC 8252 7.3: a loopback redirect may have any port. */
function authorize({ url }: ServiceRequest, users: Users, codes: Map<string, Grant>): Reply {
  const query = url.searchParams;
  const redirectUri = query.get("redirect_uri") ?? "";
  if (redirectUri !== OUT_OF_BAND && !isLoopback(redirectUri)) {
    return text("Bad Request: redirect_uri is not registered", 400);
  }
  const challenge = query.get("code_challenge") ?? "";
  const wrong =
    query.get("response_type") !== "code"
      ? "unsupported_response_type"
      : query.get("code_challenge_method") !== "S256" || !/^[\w-]{43}$/.test(challenge)
        ? "invalid_request"
        : !(query.get("scope") ?? "").split(" ").includes("openid")
          ? "invalid_scope"
          : users.person === "deny"
            ? "access_denied"
            : undefined;
  if (wrong !== undefined || users.person === "deny") {
    return redirect(redirectUri, { error: wrong ?? "access_denied" }, query.get("state"));
  }
  const code = randomBytes(18).toString("base64url");
  const clientId = query.get("client_id") ?? "";
  codes.set(code, {
    person: users.person,
    challenge,
    clientId,
    redirectUri,
    nonce: query.get("nonce"),
  });
  return redirect(redirectUri, { code }, query.get("state"));
}

function redirect(to: string, answer: Record<string, string>, state: string | null): Reply {
  if (to === OUT_OF_BAND) {
    const [name = "", value = ""] = Object.entries(answer)[0] ?? [];
    return text(
      `<!doctype html><title>Login</title><p>${name}: <code>${value}</code></p>`,
      200,
      HTML,
    );
  }
  const url = new URL(to);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (state !== null) url.searchParams.set("state", state);
  return { status: 302, headers: { location: url.href }, body: Buffer.alloc(0) };
}

/** RFC 6749 4.1.3 and RFC 7636 4.6; a code is spent by its first use, right or wrong. */
function exchange(
  { headers, body }: ServiceRequest,
  issuer: Issuer,
  codes: Map<string, Grant>,
  foreign: boolean,
): Reply {
  const form = new URLSearchParams(body.toString("utf8"));
  if (form.get("grant_type") !== "authorization_code") return refuse("unsupported_grant_type");
  const code = form.get("code") ?? "";
  const grant = codes.get(code);
  codes.delete(code);
  const challenge = sha(form.get("code_verifier") ?? "").toString("base64url");
  const clientId = form.get("client_id") ?? basicUser(headers.authorization) ?? "";
  const fits =
    grant !== undefined &&
    grant.challenge === challenge &&
    grant.redirectUri === form.get("redirect_uri") &&
    grant.clientId === clientId;
  if (!fits) return refuse("invalid_grant");
  const nonce = grant.nonce === null ? {} : { nonce: grant.nonce };
  const claims = { ...nonce, ...grant.person.claims };
  const id_token = issuer.token({ audience: clientId, ...grant.person, claims }, foreign);
  const access_token = randomBytes(24).toString("base64url");
  const answer = {
    access_token,
    token_type: "Bearer",
    expires_in: 600,
    scope: "openid email",
    id_token,
  };
  return json(answer, 200, { "cache-control": "no-store" });
}

/** GitHub's `ACTIONS_ID_TOKEN_REQUEST_URL`. */
function actionsToken(
  { url, headers }: ServiceRequest,
  issuer: Issuer,
  users: Users,
  foreign: boolean,
): Reply {
  if (!sameBearer(headers.authorization, users.jobSecret)) {
    return json({ message: "Unauthorized" }, 401);
  }
  const audience = url.searchParams.get("audience") ?? "https://github.com/acme";
  const value = issuer.token({ audience, ...users.job }, foreign);
  return json({ count: value.length, value });
}

/** Google's metadata server. */
function metadataToken(
  { url, headers }: ServiceRequest,
  issuer: Issuer,
  users: Users,
  foreign: boolean,
): Reply {
  if (headers["metadata-flavor"] !== "Google")
    return text("Missing Metadata-Flavor:Google header", 403);
  const audience = url.searchParams.get("audience");
  if (audience === null) return text("non-empty audience parameter required", 400);
  const reply = text(issuer.token({ audience, ...users.serviceAccount }, foreign));
  return { ...reply, headers: { ...reply.headers, "metadata-flavor": "Google" } };
}

function refuse(error: string): Reply {
  return json({ error }, 400, { "cache-control": "no-store" });
}

function isLoopback(uri: string): boolean {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  return url?.protocol === "http:" && LOOPBACK.includes(url.hostname);
}

function sameBearer(authorization: string | undefined, secret: string): boolean {
  const [scheme, value] = (authorization ?? "").split(" ");
  return scheme?.toLowerCase() === "bearer" && value === secret;
}

function basicUser(authorization: string | undefined): string | undefined {
  const [scheme, credentials = ""] = (authorization ?? "").split(" ");
  if (scheme?.toLowerCase() !== "basic") return undefined;
  return decodeURIComponent(
    Buffer.from(credentials, "base64").toString("utf8").split(":")[0] ?? "",
  );
}

const OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob";
const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];
const HTML = "text/html; charset=utf-8";
