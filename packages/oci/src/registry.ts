import { createHash } from "node:crypto";
import { isRecord, MlsignError, parseJson, printable } from "@mlsign/core";
import { type Answer, ask, failed } from "./ask.ts";
import { authorize } from "./authorize.ts";
import type { Credentials } from "./credentials.ts";
import { manifestFault } from "./manifest-form.ts";
import type { Reference } from "./reference.ts";

export interface RegistryOptions {
  /** Who to be at a registry; sent to that registry and its own token service alone. */
  credentials?(registry: string): Promise<Credentials | undefined>;
  /** Registries that speak plain http: those of this machine. */
  readonly insecure?: (registry: string) => boolean;
  /** Of each request; there are three at most. */
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
 * says in its own words that there is none; anything else that goes wrong is an error, for "not
 * found" is not "not there".
 *
 * @throws MlsignError `reference-invalid` without digest, `service-failed`, `service-lied`, and
 *   what `credentials` throws
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
  const url = new URL(`${scheme}://${host}/v2/${repository}/manifests/${digest}`);
  const answer = await askAuthorized(url, registry, options);
  if (answer.status === 404 && saysUnknown(answer.body)) return undefined;
  if (answer.status !== 200) throw failed(registry, whyNot(answer.status));
  const [algorithm = "", hex] = digest.split(":");
  const lied = (what: string): MlsignError =>
    new MlsignError("service-lied", `Cannot use the answer of ${printable(registry)}: ${what}`);
  if (createHash(algorithm).update(answer.body).digest("hex") !== hex)
    throw lied("other bytes than the digest names");
  const fault = manifestFault(answer.body);
  if (fault !== undefined) throw lied(`what the digest names is no image: ${fault}`);
  return { digest, mediaType: answer.type, size: answer.body.length, body: answer.body };
}

/** Asked without credentials first: a registry that wants none gets none. */
async function askAuthorized(
  url: URL,
  registry: string,
  options: RegistryOptions,
): Promise<Answer> {
  const limits = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  const first = await ask(url, { ...limits, headers: { accept: ACCEPT } });
  if (first.status !== 401) return first;
  const credentials = await options.credentials?.(registry);
  const authorization = await authorize(first, { ...limits, registry, credentials });
  return ask(url, { ...limits, headers: { accept: ACCEPT, authorization } });
}

/** A proxy or a web server that knows nothing of registries answers 404 as well. */
function saysUnknown(body: Buffer): boolean {
  try {
    const json = parseJson(body);
    const errors = isRecord(json) ? json.errors : undefined;
    return (
      Array.isArray(errors) &&
      errors.some((error) => isRecord(error) && UNKNOWN.has(String(error.code as string)))
    );
  } catch {
    return false;
  }
}

function whyNot(status: number): string {
  if (status === 401 || status === 403) return `it refused the login (${status})`;
  if (status === 404) return "it answered 404, and not as a registry that has no such manifest";
  if (status >= 300 && status < 400)
    return `it answered ${status}, a redirect, which is not followed`;
  return `it answered ${status}`;
}

const UNKNOWN = new Set(["MANIFEST_UNKNOWN", "NAME_UNKNOWN"]);
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
