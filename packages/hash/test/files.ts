import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HashJob } from "@mlsign/hash";
import type { ExecutionContext } from "ava";

/** A directory of its own for one test, taken away after it. */
export function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "mlsign-hash-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A file of these bytes, as a job. */
export function jobOf(directory: string, name: string, content: string | Uint8Array): HashJob {
  writeFileSync(join(directory, name), content);
  return listed(directory, name);
}

/** A file of zeros that takes no room. */
export function sparseJob(directory: string, name: string, size: number): HashJob {
  writeFileSync(join(directory, name), "");
  truncateSync(join(directory, name), size);
  return listed(directory, name);
}

export function listed(directory: string, name: string): HashJob {
  const path = join(directory, name);
  const { size, ino, dev } = lstatSync(path, { bigint: true });
  return { path, name, size: Number(size), ino, dev };
}

export function hex(algorithm: string, data: Uint8Array | string): string {
  return createHash(algorithm).update(data).digest("hex");
}

/** Bytes without a pattern that hashing could hide behind; the same each time. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
}
