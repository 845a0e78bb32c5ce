import { printable } from "@mlsign/core";
import { GIT_PATHS, type Listing, type Manifest, manifestOf } from "@mlsign/manifest";
import type { Host } from "../host.ts";
import { ignoredName, type ModelLocation } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import { say } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";

/** How a model is hashed for its signature, as flags say it. */
export interface ManifestFlags {
  readonly ignorePath?: readonly string[];
  readonly hash: "sha256" | "blake2b" | "blake3";
  readonly shardSize?: number;
  readonly archive?: boolean;
  readonly allowSymlinks?: boolean;
}

/**
 * The manifest that a signature is over. With `evident` each file's SHA-256 is taken in the same
 * pass, for the claims.
 *
 * @throws MlsignError of listing and hashing
 */
export async function signManifest(
  location: ModelLocation,
  options: ManifestFlags & { readonly evident: boolean },
  host: Host,
): Promise<{ readonly manifest: Manifest; readonly listing: Listing }> {
  const source = modelSource(location, options.archive ?? false);
  const user = (options.ignorePath ?? []).map((path) => ignoredName(path, location, host.cwd));
  const ignorePaths = location.directory
    ? [...new Set([...user, ...location.ownNames])].sort()
    : user;
  const allowSymlinks = options.allowSymlinks ?? false;
  const listing = await source.list({ ignorePaths, allowSymlinks, signal: host.signal });
  for (const [one, other] of listing.clashes) {
    say(
      host,
      `warning: "${printable(one)}" and "${printable(other)}" are one file on some systems`,
    );
  }
  const progress = progressLine(host);
  try {
    const shards = options.shardSize !== undefined;
    const manifest = await manifestOf(source, listing, {
      serialization: {
        method: shards ? "shards" : "files",
        hashType: options.hash,
        ...(shards && { shardSize: options.shardSize }),
        allowSymlinks,
        ignorePaths: location.directory ? [...GIT_PATHS, ...ignorePaths].sort() : ignorePaths,
      },
      ...(options.evident && { also: ["sha256"] as const }),
      onProgress: progress.onProgress,
      signal: host.signal,
    });
    return { manifest, listing };
  } finally {
    progress.end();
  }
}
