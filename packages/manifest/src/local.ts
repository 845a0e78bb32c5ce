import { realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import { Ignores } from "./ignore.ts";
import { linkRefused } from "./links.ts";
import { toListing } from "./listing.ts";
import { listNamed } from "./named.ts";
import type { Listing, ListOptions, OpenTree, TreeSource } from "./source.ts";
import { listed, lstat, unreadable, walkTree } from "./walk.ts";

/**
 * A model on this machine: one file, or a directory of files.
 *
 * `list` throws MlsignError `model-missing`, `model-empty`, `symlink-refused`, `symlink-escape`,
 * `special-file`, `name-invalid`, `file-unreadable`, `limit-exceeded`, and `usage` for an ignored
 * path that covers everything.
 */
export function localSource(path: string): TreeSource {
  const model = resolve(path);
  return {
    list: async (options = {}) => list(model, options),
    open: (listing): OpenTree => ({
      kind: "paths",
      path: (file) =>
        file.real ?? (file.name === "." ? listing.root : `${listing.root}/${file.name}`),
    }),
  };
}

function list(model: string, options: ListOptions): Listing {
  const allowSymlinks = options.allowSymlinks ?? false;
  const root = resolveModel(model, allowSymlinks);
  const name = basename(model) || "model";
  const stats = lstat(root, name);
  if (!stats.isDirectory()) {
    return toListing(
      { kind: "file", name, root, files: [listed(".", stats)], ignored: [] },
      options,
    );
  }
  const walk = { root, ignores: new Ignores(options), allowSymlinks, signal: options.signal };
  const found = options.only === undefined ? walkTree(walk) : listNamed(options.only, walk);
  return toListing({ kind: "directory", name, root, ...found }, options);
}

/** The model's own path may be a link only where links are allowed; those above it don't matter. */
function resolveModel(model: string, allowSymlinks: boolean): string {
  const name = basename(model);
  try {
    if (lstat(model, name).isSymbolicLink() && !allowSymlinks) throw linkRefused(name);
    return realpathSync.native(model);
  } catch (error) {
    const cause =
      error instanceof MlsignError && error.code === "file-unreadable" ? error.cause : error;
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new MlsignError("model-missing", `Cannot find the model "${printable(model)}"`);
    }
    throw error instanceof MlsignError ? error : unreadable(name, error);
  }
}
