import { MlsignError, printable } from "@mlsign/core";
import { type Listing, type TreeSource } from "@mlsign/manifest";
import type { Reference, Repository } from "@mlsign/oci";
import { fileSource, folderSource } from "../folder-source.ts";
import { type PackedFile, unpackManifest } from "./model-manifest.ts";

/** A model in a registry, as its manifest names it. Nothing of it is verified. */
export interface StoredModel {
  /** `REGISTRY/REPOSITORY@sha256:…`. */
  readonly where: string;
  readonly digest: string;
  readonly files: readonly PackedFile[];
}

/**
 * Finds a model by its digest.
 *
 * @throws MlsignError `reference-invalid` without one: a tag can move; `model-missing`,
 *   `name-invalid`, `limit-exceeded`, `service-failed`, `service-lied`
 */
export async function findModel(
  repository: Repository,
  { digest, tag }: Reference,
): Promise<StoredModel> {
  const place = `${repository.registry}/${repository.name}`;
  if (digest === undefined)
    throw new MlsignError(
      "reference-invalid",
      `Cannot use ${printable(place)}${tag === undefined ? "" : `:${tag}`}: a tag can move`,
      { hint: `name it by its digest: ${place}@sha256:…, as mlsign push printed it` },
    );
  const stored = await repository.manifest(digest);
  const where = `${place}@${digest}`;
  if (stored === undefined)
    throw new MlsignError("model-missing", `Cannot find ${where}: the registry has no such model`);
  return { where, digest, files: unpackManifest(stored.body) };
}

/**
 * The model as a tree: `bytes` streams every layer, with size and digest checked; `digests` reads
 * none, for a raw layer's digest is its file's.
 *
 * @param single whether the model is the one file that it holds, rather than a folder with it
 */
export function storedSource(
  repository: Repository,
  { where, files }: StoredModel,
  { single, how }: { readonly single: boolean; readonly how: "bytes" | "digests" },
): TreeSource {
  const layers = new Map(files.map((file) => [file.name, file]));
  const folder = {
    where,
    list: async () => files,
    read: async ({ name }: { readonly name: string }) => {
      const layer = layers.get(name);
      if (layer === undefined) throw new TypeError(`not listed: ${name}`);
      return repository.blob(layer);
    },
  };
  const [first] = files;
  const source =
    single && first !== undefined
      ? fileSource(folder, first, first.name)
      : folderSource(folder, repository.name.slice(repository.name.lastIndexOf("/") + 1));
  if (how === "bytes") return source;
  const digestOf = (name: string): string | undefined =>
    (name === "." && single ? first : layers.get(name))?.digest.slice("sha256:".length);
  return {
    list: async (options): Promise<Listing> => source.list(options),
    open: () => ({
      kind: "digests",
      digest: async ({ name }) => {
        const sha256 = digestOf(name);
        return sha256 === undefined ? undefined : { sha256, read: false };
      },
    }),
  };
}
