import { MlsignError, printable } from "@mlsign/core";
import {
  Ignores,
  type ListedFile,
  toListing,
  type TreeEntry,
  type TreeSource,
} from "@mlsign/manifest";
import type { RemoteFile, RemoteFolder } from "./folder.ts";
import { checkTree } from "./tree.ts";

/** What of a folder in a store is needed to read a model from it. */
export type ReadableFolder = Pick<RemoteFolder, "where" | "list" | "read">;

/**
 * A model in a store as a tree of files: listed once, then each file streamed once, never kept.
 * Names are a stranger's, and are checked before a byte is fetched.
 *
 * `list` throws MlsignError `name-invalid`, `limit-exceeded`, `model-missing`, `model-empty` and
 * what the folder throws; reading throws what the folder throws.
 */
export function folderSource(folder: ReadableFolder, name: string): TreeSource {
  let files: readonly RemoteFile[] = [];
  return {
    list: async (options = {}) => {
      const all = await folder.list();
      if (all.length === 0)
        throw new MlsignError("model-missing", `Cannot find a model at ${printable(folder.where)}`);
      checkTree(all);
      const ignores = new Ignores(options);
      const only = options.only === undefined ? undefined : new Set(options.only);
      const taken: RemoteFile[] = [];
      const ignored: string[] = [];
      for (const file of all) {
        const rule = ignores.covering(file.name);
        if (rule === "path") ignored.push(file.name);
        if (rule === undefined && only?.has(file.name) !== false) taken.push(file);
      }
      files = taken;
      const listed = taken.map(({ name: of, size }): ListedFile => ({ name: of, size }));
      const root = folder.where;
      return toListing({ kind: "directory", name, root, files: listed, ignored }, options);
    },
    open: () => ({ kind: "entries", entries: entriesOf(folder, files) }),
  };
}

/** A model that is one file in a store. */
export function fileSource(folder: ReadableFolder, file: RemoteFile, name: string): TreeSource {
  return {
    list: async (options = {}) => {
      const files = [{ name: ".", size: file.size }];
      return toListing({ kind: "file", name, root: folder.where, files, ignored: [] }, options);
    },
    open: () => ({
      kind: "entries",
      entries: (async function* (): AsyncGenerator<TreeEntry> {
        yield { name: ".", size: file.size, chunks: await folder.read(file) };
      })(),
    }),
  };
}

async function* entriesOf(
  folder: ReadableFolder,
  files: readonly RemoteFile[],
): AsyncGenerator<TreeEntry> {
  for (const file of files)
    yield { name: file.name, size: file.size, chunks: await folder.read(file) };
}
