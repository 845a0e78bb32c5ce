import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import {
  Ignores,
  type ListedFile,
  type Listing,
  type ListOptions,
  type Misnamed,
  nameProblem,
  toListing,
  type TreeSource,
} from "@mlsign/manifest";

/**
 * Where the blobs of a Hugging Face cache lie, if this is a snapshot in one:
 * `models--ORG--NAME/snapshots/<commit>`, of which each file is a link into `blobs` beside it.
 */
export function blobsOf(path: string): string | undefined {
  const repository = dirname(dirname(path));
  if (basename(dirname(path)) !== "snapshots" || !/^[0-9a-f]{40}$/.test(basename(path)))
    return undefined;
  if (!/^(?:models|datasets|spaces)--[^/]+$/.test(basename(repository))) return undefined;
  const blobs = join(repository, "blobs");
  return lstatSync(blobs, { throwIfNoEntry: false })?.isDirectory() === true ? blobs : undefined;
}

/**
 * A snapshot in a Hugging Face cache. Its links are followed into the cache's own blobs and nowhere
 * else; `check` tells blobs that are not what their names say: SHA-256 of what LFS keeps, git's
 * SHA-1 of the rest.
 *
 * `list` throws MlsignError `symlink-escape`, `special-file`, `name-invalid`, `file-unreadable`,
 * `limit-exceeded`, `model-empty`.
 */
export function snapshotSource(path: string): TreeSource {
  const root = resolve(path);
  return {
    list: async (options = {}) => list(root, options),
    open: ({ root: at }) => ({
      kind: "paths",
      path: ({ name, real }) => real ?? join(at, name),
    }),
    check: async (listing, sha256) => misnamed(listing, sha256),
  };
}

function list(root: string, options: ListOptions): Listing {
  const blobs = blobsOf(root);
  if (blobs === undefined)
    throw new MlsignError("model-missing", `Cannot find a snapshot at ${printable(root)}`);
  const real = realpathSync.native(blobs);
  const ignores = new Ignores(options);
  const only = options.only === undefined ? undefined : new Set(options.only);
  const files: ListedFile[] = [];
  const ignored: string[] = [];
  const places = [""];
  for (let prefix = places.pop(); prefix !== undefined; prefix = places.pop()) {
    options.signal?.throwIfAborted();
    for (const entry of readdirSync(join(root, prefix), { withFileTypes: true })) {
      const name = `${prefix}${entry.name}`;
      const problem = nameProblem(name);
      if (problem !== undefined || name.includes("\ufffd"))
        throw new MlsignError("name-invalid", `Cannot use "${printable(name)}": ${problem}`);
      if (entry.isDirectory()) {
        places.push(`${name}/`);
        continue;
      }
      const rule = ignores.covering(name);
      if (rule === "path") ignored.push(name);
      if (rule !== undefined || only?.has(name) === false) continue;
      files.push(fileAt(join(root, name), name, { link: entry.isSymbolicLink(), blobs: real }));
      if (files.length > MOST_FILES)
        throw new MlsignError("limit-exceeded", `Cannot list it: more than ${MOST_FILES} files`);
    }
  }
  const name =
    basename(dirname(dirname(root)))
      .split("--")
      .at(-1) ?? basename(root);
  return toListing({ kind: "directory", name, root, files, ignored }, options);
}

/** A link of the cache, or a file: the cache has those where the system knows no links. */
function fileAt(
  path: string,
  name: string,
  { link, blobs }: { readonly link: boolean; readonly blobs: string },
): ListedFile {
  const real = link ? targetOf(path, name, blobs) : path;
  const stats = lstatSync(real, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined)
    throw new MlsignError(
      "file-unreadable",
      `Cannot read "${printable(name)}": its blob is not in the cache`,
      { hint: "download the snapshot again" },
    );
  if (!stats.isFile())
    throw new MlsignError("special-file", `Cannot use "${printable(name)}": not a regular file`);
  return { name, size: Number(stats.size), ino: stats.ino, dev: stats.dev, ...(link && { real }) };
}

function targetOf(path: string, name: string, blobs: string): string {
  const escape = (): MlsignError =>
    new MlsignError(
      "symlink-escape",
      `Cannot follow the link "${printable(name)}": it does not lead into the cache's blobs`,
    );
  const target = resolve(dirname(path), readlinkSync(path));
  if (!/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(basename(target))) throw escape();
  try {
    // One step, into that very folder: a link to a link could lead anywhere.
    if (realpathSync.native(dirname(target)) !== blobs) throw escape();
  } catch (error) {
    if (systemCode(error) !== undefined) throw escape();
    throw error;
  }
  return join(blobs, basename(target));
}

async function misnamed(
  { files }: Listing,
  sha256: (name: string) => string | undefined,
): Promise<Misnamed[]> {
  const found: Misnamed[] = [];
  for (const { name, real } of files) {
    if (real === undefined) continue;
    const called = basename(real);
    const is = called.length === 64 ? sha256(name) : await gitBlob(real);
    if (is !== undefined && is !== called)
      found.push({ name, why: `is not what the cache calls it: ${called} holds ${is}` });
  }
  return found;
}

/** Git's name for a file's content. */
async function gitBlob(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha1").update(`blob ${size}\0`);
    const pieces: AsyncIterable<Buffer> = handle.createReadStream({ autoClose: false });
    for await (const piece of pieces) hash.update(piece);
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}

const MOST_FILES = 100_000;
