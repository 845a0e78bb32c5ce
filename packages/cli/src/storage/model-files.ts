import type { Listing, Manifest } from "@mlsign/manifest";
import { keyBelow, type StorageLocation } from "@mlsign/objects";
import type { ModelFile, Target } from "@mlsign/storage";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import type { Targets } from "./source.ts";

/** The model's files as objects below a prefix, with the digests of what lies here. */
export function filesSource(
  model: string,
  { prefix }: StorageLocation,
  host: Host,
): () => Promise<Targets> {
  return async () => {
    const { files } = await modelFiles(model, {}, host);
    const targets = files.map((file) => targetOf(file, prefix, model));
    return { targets, findings: [] };
  };
}

export interface LocatedFiles {
  readonly location: ModelLocation;
  readonly manifest: Manifest;
  readonly listing: Listing;
  readonly files: readonly ModelFile[];
}

/** Each file of a model by MD5 as well, which is what stores tell, from the read that makes the manifest. */
export async function modelFiles(
  model: string,
  options: ClaimManifestOptions,
  host: Host,
): Promise<LocatedFiles> {
  const location = locateModel(model, host.cwd);
  const made = await claimManifest(location, { ...options, also: ["md5"] }, host);
  const files = made.manifest.files.map(({ path, size, digests }): ModelFile => {
    const { md5 = "", sha256 = "" } = digests;
    return { path, size, md5, sha256 };
  });
  return { location, ...made, files };
}

function targetOf({ path, size, md5, sha256 }: ModelFile, prefix: string, model: string): Target {
  const key = path === "." ? prefix : keyBelow(prefix, path);
  return { key, expected: { size, md5, sha256, source: `${model}#${path}` } };
}
