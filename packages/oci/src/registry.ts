import { createHash } from "node:crypto";
import { isRecord, messageOf, MlsignError, parseJson, printable } from "@mlsign/core";
import type { Reference } from "./reference.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface RegistryOptions {
  /** Who to be at a registry; sent to that registry and its own token service alone. */
  credentials?(registry: string): Promise<Credentials | undefined>;
  /** Registries that speak plain http, for tests on this machine. */
  readonly insecure?: (registry: string) => boolean;
  readonly timeoutMs?: number;
}

/** A manifest as its registry returned it, with the digest of its bytes computed here. */
export interface ManifestInfo {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly body: Buffer;
}

/**
 * Fetches a manifest by digest, and believes it only by its bytes. `undefined` where the registry
 * says that there is none; anything else that goes wrong is an error, for "not found" is not
 * "not there".
 *
 * @throws MlsignError `reference-invalid` without digest, `service-failed`, `service-lied`
 */
export async function fetchManifest(
  reference: Reference,
  options: RegistryOptions = {},
): Promise<ManifestInfo | undefined> {
  const { digest, registry, repository } = reference;
  if (digest === undefined) {
    throw new MlsignError(
      "reference-invalid",
      "Cannot fetch a manifest without its digest: a tag can move",
    );
  }
  const scheme = options.insecure?.(registry) ? "http" : "https";
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const url = `${scheme}://${host}/v2/${repository}/manifests/${digest}`;
  const first = await ask(url, {}, options);
  const answer =
    first.status === 401
      ? await ask(url, await authorize(first, registry, options), options)
      : first;
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw failed(registry, `it answered ${answer.status}`);
  const [algorithm = "", hex] = digest.split(":");
  if (createHash(algorithm).update(answer.body).digest("hex") !== hex) {
    throw new MlsignError(
      "service-lied",
      `Cannot use the answer of ${printable(registry)}: other bytes than the digest names`,
    );
  }
  return { digest, mediaType: answer.type, size: answer.body.length, body: answer.body };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly challenge: string;
  readonly body: Buffer;
  readonly url: URL;
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: RegistryOptions,
): Promise<Answer> {
  const { host } = new URL(url);
  try {
    // A redirect leads elsewhere, where the authorization must not go; manifests need none.
    const response = await fetch(url, {
      headers: { accept: ACCEPT, ...headers },
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      challenge: response.headers.get("www-authenticate") ?? "",
      body: await bounded(response),
      url: new URL(url),
    };
  } catch (cause) {
    throw failed(
      host,
      messageOf(cause instanceof Error && cause.cause ? cause.cause : cause),
      cause,
    );
  }
}

/** The token dance of the distribution specification, or plain basic authentication. */
async function authorize(
  answer: Answer,
  registry: string,
  options: RegistryOptions,
): Promise<Record<string, string>> {
  const credentials = await options.credentials?.(registry);
  const basic =
    credentials &&
    `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  const bearer = /^Bearer (.+)$/i.exec(answer.challenge)?.[1];
  if (bearer === undefined) {
    if (basic === undefined)
      throw failed(registry, "it wants a login, and there are no credentials for it");
    return { authorization: basic };
  }
  const parameters = new Map(
    [...bearer.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  const realm = parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) throw failed(registry, "its challenge names no token service");
  const token = new URL(realm);
  for (const key of ["service", "scope"]) {
    const value = parameters.get(key);
    if (value !== undefined) token.searchParams.set(key, value);
  }
  // A password goes only to the registry's own domain, whatever a challenge says.
  const own = token.protocol === "https:" && sameSite(token.hostname, answer.url.hostname);
  const local = token.origin === answer.url.origin;
  const headers: Record<string, string> =
    basic !== undefined && (own || local) ? { authorization: basic } : {};
  const granted = await ask(token.href, headers, options);
  if (granted.status !== 200)
    throw failed(registry, `its token service answered ${granted.status}`);
  const json = parseJson(granted.body);
  const value = isRecord(json) ? (json.token ?? json.access_token) : undefined;
  if (typeof value !== "string") throw failed(registry, "its token service gave no token");
  return { authorization: `Bearer ${value}` };
}

function sameSite(one: string, other: string): boolean {
  const site = (host: string): string => host.split(".").slice(-2).join(".");
  return one === other || site(one) === site(other);
}

async function bounded(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function failed(registry: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError(
    "service-failed",
    `Cannot ask the registry ${printable(registry)}: ${printable(why)}`,
    {
      ...(cause !== undefined && { cause }),
    },
  );
}

const TIMEOUT_MS = 20_000;
/** Manifests are limited to 4 MiB (OCI distribution specification). */
const MOST_BYTES = 4 * 1024 * 1024;
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
