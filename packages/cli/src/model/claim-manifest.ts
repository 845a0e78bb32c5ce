import {
  GIT_PATHS,
  type Listing,
  type Manifest,
  manifestOf,
  type ManifestOptions,
} from "@mlsign/manifest";
import type { Host } from "../host.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { signedIgnores } from "./claims-location.ts";
import { ignoredName, type ModelLocation } from "./model-location.ts";
import { modelSource } from "./model-source.ts";

export interface ClaimManifestOptions {
  readonly ignorePath?: readonly string[];
  readonly allowSymlinks?: boolean;
  readonly archive?: boolean;
  /** Digests of each file beside its SHA-256, from the same read. */
  readonly also?: ManifestOptions["also"];
  /** A directory for copies of the hashed bytes, from the same read. */
  readonly into?: string | undefined;
}

/**
 * The manifest that claims are about: whole files by SHA-256, without what the model's signature
 * leaves out, so that signature and claims name the same files.
 */
export async function claimManifest(
  location: ModelLocation,
  options: ClaimManifestOptions,
  host: Host,
): Promise<{ manifest: Manifest; listing: Listing }> {
  const source = modelSource(location, options.archive ?? false);
  const user = (options.ignorePath ?? []).map((path) => ignoredName(path, location, host.cwd));
  const signed = location.directory ? (signedIgnores(location) ?? GIT_PATHS) : [];
  const ignorePaths = [...new Set([...signed, ...user, ...location.ownNames])].sort();
  const allowSymlinks = options.allowSymlinks ?? false;
  const listing = await source.list({ ignorePaths, allowSymlinks, signal: host.signal });
  const progress = progressLine(host);
  try {
    const manifest = await manifestOf(source, listing, {
      serialization: { method: "files", hashType: "sha256", allowSymlinks, ignorePaths },
      also: options.also,
      into: options.into,
      onProgress: progress.onProgress,
      signal: host.signal,
    });
    return { manifest, listing };
  } finally {
    progress.end();
  }
}
