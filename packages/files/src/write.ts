import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { messageOf, MlsignError, printable, systemCode } from "@mlsign/core";
import { readBounded } from "./read.ts";

/**
 * Replaces a file: exclusive temporary file `PATH.tmp` (which is the lock), fsync, rename, fsync
 * of the folder. A crash leaves the old file or the new one.
 *
 * @throws MlsignError `locked`, `disk-full` or `file-unwritable`; the old file stays as it was.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o644): void {
  const temporary = `${path}.tmp`;
  guarded(path, () => {
    whileLocked(path, temporary, () => writeDurably(temporary, data, mode));
    try {
      renameSync(temporary, path);
    } catch (error) {
      remove(temporary);
      throw error;
    }
    syncFolder(dirname(path));
  });
}

/**
 * Changes a file under its lock: `change` gets the old content (at most `maxBytes`), `undefined`
 * where there is none, and returns the new one, or `undefined` to leave it.
 *
 * @throws MlsignError as `writeFileAtomic`, `limit-exceeded`, and what `change` throws.
 */
export function updateFileAtomic(
  path: string,
  maxBytes: number,
  change: (old: Buffer | undefined) => Uint8Array | undefined,
): void {
  const temporary = `${path}.tmp`;
  guarded(path, () => {
    whileLocked(path, temporary, () => writeDurably(temporary, "", 0o644));
    try {
      const content = change(readBounded(path, maxBytes));
      if (content === undefined) return remove(temporary);
      writeFileSync(temporary, content, { flush: true });
      renameSync(temporary, path);
    } catch (error) {
      remove(temporary);
      throw error;
    }
    syncFolder(dirname(path));
  });
}

/**
 * Makes a file that must not exist.
 *
 * @throws MlsignError `output-exists`, `disk-full` or `file-unwritable`
 */
export function writeNewFile(path: string, data: string | Uint8Array, mode: number): void {
  guarded(path, () => {
    try {
      writeDurably(path, data, mode);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      throw new MlsignError("output-exists", `Cannot write ${printable(path)}: it exists`, {
        hint: "it is never overwritten: remove it, or choose another name",
      });
    }
    syncFolder(dirname(path));
  });
}

/** Makes a new file and has it on the disk; a half-written one is removed. */
function writeDurably(path: string, data: string | Uint8Array, mode: number): void {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeFileSync(descriptor, data);
    fsyncSync(descriptor);
  } catch (error) {
    remove(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Waits for another writer, which needs milliseconds; one that left its file behind longer ago
 * than any write takes has crashed.
 */
function whileLocked(path: string, temporary: string, work: () => void): void {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      work();
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    if (ageOf(temporary) > STALE_MS) remove(temporary);
    else if (waited >= PATIENCE_MS) {
      throw new MlsignError(
        "locked",
        `Cannot write ${printable(path)}: another mlsign is writing it`,
        {
          hint: `if none is running, remove ${printable(temporary)}`,
        },
      );
    } else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** Milliseconds since the file was last written; 0 where it is gone. */
function ageOf(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}

function remove(path: string): void {
  rmSync(path, { force: true });
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Some file systems cannot sync a folder; the rename is atomic all the same.
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes(systemCode(error) ?? "")) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function guarded(path: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (cause instanceof MlsignError || systemCode(cause) === undefined) throw cause;
    const full = ["ENOSPC", "EDQUOT"].includes(systemCode(cause) ?? "");
    throw new MlsignError(
      full ? "disk-full" : "file-unwritable",
      `Cannot write ${printable(path)}: ${full ? "no space left" : messageOf(cause)}`,
      { cause },
    );
  }
}

const PAUSE_MS = 50;
const PATIENCE_MS = 3000;
const STALE_MS = 10_000;
