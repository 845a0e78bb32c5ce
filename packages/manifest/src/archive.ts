import { realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import { Ignores } from "./ignore.ts";
import { toListing } from "./listing.ts";
import type {
  ListedFile,
  Listing,
  ListOptions,
  OpenTree,
  TreeEntry,
  TreeSource,
} from "./source.ts";
import type { ArchiveFile } from "./tar-bytes.ts";

/**
 * A model in a tar, plain or gzip (told by its first bytes). Its manifest is that of the unpacked
 * directory: a leading `./` is dropped, a top folder is not. It is read once for names, once for
 * digests, never into memory, and must not change in between.
 *
 * `list` and reading throw MlsignError `archive-invalid`, `limit-exceeded`, `model-missing`,
 * `model-empty`, `file-unreadable`, `file-changed-while-hashing`. Links are never allowed.
 */
export function archiveSource(path: string): TreeSource {
  const archive = resolve(path);
  let seen: string | undefined;
  return {
    list: async (options = {}) => {
      const root = find(archive);
      const file = await openArchive(root);
      try {
        seen = file.stamp();
        const found = await listEntries(file, options);
        file.checkUnchanged();
        return toListing({ kind: "archive", name: basename(archive), root, ...found }, options);
      } finally {
        file.close();
      }
    },
    open: (listing): OpenTree => ({ kind: "entries", entries: readEntries(listing, seen) }),
  };
}

/** Loaded when an archive is met: who has a directory must not pay for gzip and tar. */
async function openArchive(root: string): Promise<ArchiveFile> {
  const tar = await import("./tar-bytes.ts");
  return new tar.ArchiveFile(root);
}

function find(archive: string): string {
  try {
    return realpathSync.native(archive);
  } catch {
    throw new MlsignError("model-missing", `Cannot find the archive "${printable(archive)}"`);
  }
}

async function listEntries(
  file: ArchiveFile,
  options: ListOptions,
): Promise<{ files: ListedFile[]; ignored: string[] }> {
  const ignores = new Ignores(options);
  const only = options.only === undefined ? undefined : new Set(options.only);
  const files: ListedFile[] = [];
  const ignored: string[] = [];
  for await (const { name, size } of entriesOf(file)) {
    options.signal?.throwIfAborted();
    const rule = ignores.covering(name);
    if (rule === "path") ignored.push(name);
    if (rule === undefined && only?.has(name) !== false) files.push({ name, size });
  }
  return { files, ignored };
}

async function* readEntries(listing: Listing, seen: string | undefined): AsyncGenerator<TreeEntry> {
  const file = await openArchive(listing.root);
  try {
    file.checkUnchanged(seen);
    yield* entriesOf(file);
    file.checkUnchanged();
  } finally {
    file.close();
  }
}

async function* entriesOf(file: ArchiveFile): AsyncGenerator<TreeEntry, void> {
  const { tarEntries } = await import("./tar-entries.ts");
  const bytes = file.bytes();
  try {
    yield* tarEntries(bytes);
  } finally {
    bytes.close();
  }
}
