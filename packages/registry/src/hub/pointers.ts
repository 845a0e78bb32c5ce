import { createHash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MlsignError, messageOf } from "@mlsign/core";
import { parseDvcFile } from "@mlsign/dvc";
import {
  type KnownDigest,
  type ListedFile,
  type Listing,
  localSource,
  toListing,
  type TreeSource,
} from "@mlsign/manifest";
import { readLfsPointer } from "./lfs-pointer.ts";

/**
 * A working tree in which pointers stand for files that were not fetched: Git LFS's own, and DVC's
 * `NAME.dvc` beside a NAME that is missing. What an LFS pointer names counts by its SHA-256; DVC
 * knows md5 alone, which suffices for nothing. All other files are read.
 *
 * `list` throws what `localSource` does.
 */
export function pointerSource(path: string): TreeSource {
  const local = localSource(path);
  const known = new Map<string, KnownDigest | undefined>();
  return {
    list: async (options) => {
      const listing = await local.list({ ...options, only: undefined });
      const names = new Set(listing.files.map(({ name }) => name));
      const files: ListedFile[] = [];
      known.clear();
      for (const file of listing.files) {
        options?.signal?.throwIfAborted();
        const pointer = await pointerAt(file, listing, names);
        if (pointer === undefined) files.push(file);
        else {
          files.push(...pointer.map(({ name, size }) => ({ name, size })));
          for (const { name, digest } of pointer) known.set(name, digest);
        }
      }
      const only = options?.only === undefined ? undefined : new Set(options.only);
      const taken = files.filter(({ name }) => only?.has(name) !== false);
      const { kind, name, root, ignored } = listing;
      return toListing({ kind, name, root, files: taken, ignored: [...ignored] }, options ?? {});
    },
    open: (listing) => ({
      kind: "digests",
      digest: async (file) =>
        known.has(file.name)
          ? known.get(file.name)
          : { sha256: await sha256At(placeOf(file, listing), file), read: true },
    }),
  };
}

interface Pointed {
  readonly name: string;
  readonly size: number;
  readonly digest: KnownDigest | undefined;
}

async function pointerAt(
  file: ListedFile,
  listing: Listing,
  names: ReadonlySet<string>,
): Promise<Pointed[] | undefined> {
  if (file.size > MOST_POINTER) return undefined;
  const dvc = file.name.endsWith(".dvc");
  if (!dvc && file.size < LEAST_LFS) return undefined;
  const data = await readFile(placeOf(file, listing));
  if (dvc) return dvcAt(file.name, data, names);
  const lfs = readLfsPointer(data);
  if (lfs === undefined) return undefined;
  return [{ name: file.name, size: lfs.size, digest: { sha256: lfs.sha256, read: false } }];
}

/** What a `.dvc` file stands for, where it is not there itself. */
function dvcAt(name: string, data: Buffer, names: ReadonlySet<string>): Pointed[] | undefined {
  const folder = name.slice(0, name.lastIndexOf("/") + 1);
  let outs;
  try {
    ({ outs } = parseDvcFile(data.toString("utf8"), name));
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
  const pointed = outs.map(({ path, size }) => ({
    name: `${folder}${path}`,
    size: size ?? 0,
    digest: undefined,
  }));
  const plain = pointed.every((it) => !/(?:^|\/)\.\.?(?:\/|$)|^\//.test(it.name));
  if (!plain || pointed.length === 0 || pointed.some((it) => names.has(it.name))) return undefined;
  return pointed;
}

function placeOf(file: ListedFile, { root }: Listing): string {
  return file.real ?? (file.name === "." ? root : join(root, file.name));
}

async function sha256At(path: string, { name, size }: ListedFile): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  try {
    const handle = await open(path);
    try {
      const pieces: AsyncIterable<Buffer> = handle.createReadStream({ autoClose: false });
      for await (const piece of pieces) {
        hash.update(piece);
        done += piece.length;
      }
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new MlsignError("file-unreadable", `Cannot read "${name}": ${messageOf(cause)}`, {
      cause,
    });
  }
  if (done === size) return hash.digest("hex");
  throw new MlsignError(
    "file-changed-while-hashing",
    `Cannot hash "${name}": it changed meanwhile`,
  );
}

const MOST_POINTER = 64 * 1024;
const LEAST_LFS = 100;
