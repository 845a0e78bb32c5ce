import { MlsignError } from "@mlsign/core";
import type { Credentials } from "./credentials.ts";
import { readManifest } from "./manifests.ts";
import type { Reference } from "./reference.ts";
import { Session } from "./session.ts";

export interface RegistryOptions {
  /** Who to be at a registry; sent to that registry and its own token service alone. */
  credentials?(registry: string): Promise<Credentials | undefined>;
  /** Registries that speak plain http: those of this machine. */
  readonly insecure?: (registry: string) => boolean;
  /** Of each request; between two pieces, where a blob is streamed. */
  readonly timeoutMs?: number;
  /** Before the first retry of a transfer; it doubles. */
  readonly retryDelayMs?: number;
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
  const { digest } = reference;
  if (digest === undefined) {
    throw new MlsignError(
      "reference-invalid",
      "Cannot fetch a manifest without its digest: a tag can move",
    );
  }
  const stored = await readManifest(new Session(reference, options), digest);
  if (stored === undefined) return undefined;
  const { mediaType, body } = stored;
  return { digest, mediaType, size: body.length, body };
}
