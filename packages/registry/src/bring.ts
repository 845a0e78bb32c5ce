import { mkdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, MlsignError, type OnProgress, printable, systemCode } from "@mlsign/core";
import { inParallel } from "@mlsign/objects";
import type { RemoteFile, RemoteFolder } from "./folder.ts";
import { checkTree, type TreeBounds } from "./tree.ts";

export interface BringOptions extends TreeBounds {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies a model from a store into a new directory, which is there when all of it is: names and
 * sizes are checked before a byte is fetched, and what is interrupted leaves nothing.
 *
 * @returns the files that were brought
 * @throws MlsignError `name-invalid`, `limit-exceeded`, `model-empty`, `output-exists`,
 *   `disk-full`, `file-unwritable`, `service-failed`, `service-lied`
 */
export async function bringModel(
  folder: Pick<RemoteFolder, "where" | "list" | "read">,
  directory: string,
  options: BringOptions = {},
): Promise<readonly RemoteFile[]> {
  const files = await folder.list();
  if (files.length === 0)
    throw new MlsignError("model-empty", `Cannot take the model: ${folder.where} holds no file`);
  checkTree(files, options);
  const partial = `${directory}.partial-${process.pid}`;
  try {
    guarded(partial, () => mkdirSync(partial, { mode: 0o700 }));
    await copyAll(folder, files, partial, options);
    // Renaming never replaces a directory that holds something.
    guarded(directory, () => renameSync(partial, directory));
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  return files;
}

async function copyAll(
  folder: Pick<RemoteFolder, "read">,
  files: readonly RemoteFile[],
  into: string,
  { onProgress, signal }: BringOptions,
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  await inParallel(files, WIDTH, async (file) => {
    signal?.throwIfAborted();
    const path = join(into, file.name);
    guarded(path, () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }));
    const bytes = await folder.read(file);
    const handle = await open(path, "wx", 0o600).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
    try {
      for await (const piece of bytes) {
        signal?.throwIfAborted();
        await handle.writeFile(piece).catch((cause: unknown) => {
          throw unwritable(path, cause);
        });
        done += piece.length;
        onProgress?.({ step: "fetching", done, total, unit: "bytes" });
      }
    } finally {
      await handle.close();
    }
  });
}

function guarded(path: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): unknown {
  const code = systemCode(cause);
  if (code === undefined) return cause;
  if (["EEXIST", "ENOTEMPTY"].includes(code))
    return new MlsignError("output-exists", `Cannot write ${printable(path)}: it exists`, {
      cause,
    });
  const full = ["ENOSPC", "EDQUOT"].includes(code);
  return new MlsignError(
    full ? "disk-full" : "file-unwritable",
    `Cannot write ${printable(path)}: ${full ? "no space left" : messageOf(cause)}`,
    { cause },
  );
}

const WIDTH = 4;
