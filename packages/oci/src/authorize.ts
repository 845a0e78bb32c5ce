import { isRecord, messageOf, parseJson } from "@mlsign/core";
import { type Answer, ask, failed } from "./ask.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicAuthorization, type Credentials, isToken } from "./credentials.ts";
import { sameSite } from "./same-site.ts";

export interface AuthorizeOptions {
  readonly registry: string;
  readonly credentials: Credentials | undefined;
  readonly timeoutMs?: number;
}

/**
 * What to answer a registry that wants a login: its own token service is asked where it names one
 * (distribution specification, token authentication), else the password is shown where it asks for
 * one. Credentials go to the registry, and to a token service of its own site over https, whatever
 * a challenge says.
 *
 * @returns the value of the `Authorization` header
 * @throws MlsignError `service-failed`
 */
export async function authorize(
  answer: Pick<Answer, "challenge" | "url">,
  options: AuthorizeOptions,
): Promise<string> {
  const { registry, credentials } = options;
  const challenges = parseChallenges(answer.challenge);
  if (credentials?.kind === "registry-token") return bearer(credentials.token, registry);
  const token = challenges.find(({ scheme }) => scheme === "bearer");
  if (token !== undefined) return bearer(await askToken(token, answer.url, options), registry);
  if (!challenges.some(({ scheme }) => scheme === "basic"))
    throw failed(registry, "it wants a login of a kind that is not known");
  if (credentials?.kind !== "password")
    throw failed(registry, "it wants a login, and there is no password for it");
  return basicAuthorization(credentials.username, credentials.password);
}

async function askToken(
  { parameters }: Challenge,
  asked: URL,
  { registry, credentials, timeoutMs }: AuthorizeOptions,
): Promise<unknown> {
  const service = tokenService(parameters.get("realm") ?? "", asked);
  if (service === undefined)
    throw failed(registry, "its challenge names no token service that could be asked");
  const own = service.origin === asked.origin || sameSite(service.hostname, asked.hostname);
  const shown = own ? credentials : undefined;
  const wanted = ["service", "scope"].flatMap((key) => {
    const value = parameters.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const limits = timeoutMs === undefined ? {} : { timeoutMs };
  const granted =
    shown?.kind === "identity-token"
      ? await ask(service, { ...limits, form: refresh(shown.token, wanted) })
      : await ask(withQuery(service, wanted), { ...limits, headers: passwordHeaders(shown) });
  if (granted.status !== 200)
    throw failed(registry, `its token service answered ${granted.status}`);
  return tokenOf(granted.body, registry);
}

/** Elsewhere than at the registry itself only https is spoken: no errand into a private network. */
function tokenService(realm: string, asked: URL): URL | undefined {
  if (!URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (url.username !== "" || url.password !== "") return undefined;
  return url.protocol === "https:" || url.origin === asked.origin ? url : undefined;
}

/** OAuth 2.0 as registries speak it: the identity token is a refresh token. */
function refresh(token: string, wanted: readonly (readonly [string, string])[]): URLSearchParams {
  const grant = { grant_type: "refresh_token", client_id: "mlsign", refresh_token: token };
  return new URLSearchParams([...Object.entries(grant), ...wanted.map(([k, v]) => [k, v])]);
}

function withQuery(url: URL, wanted: readonly (readonly [string, string])[]): URL {
  const asked = new URL(url);
  for (const [key, value] of wanted) asked.searchParams.set(key, value);
  return asked;
}

function passwordHeaders(credentials: Credentials | undefined): Record<string, string> {
  if (credentials?.kind !== "password") return {};
  return { authorization: basicAuthorization(credentials.username, credentials.password) };
}

function tokenOf(body: Buffer, registry: string): unknown {
  try {
    const json = parseJson(body);
    return isRecord(json) ? (json.token ?? json.access_token) : undefined;
  } catch (cause) {
    throw failed(registry, `its token service gave no JSON: ${messageOf(cause)}`, cause);
  }
}

function bearer(token: unknown, registry: string): string {
  if (!isToken(token)) throw failed(registry, "there is no usable token for it");
  return `Bearer ${token}`;
}
