import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { hexOf, messageOf, MlsignError, printable, sha256, systemCode } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import {
  broken,
  entryOf,
  type Line,
  MOST_LINE_BYTES,
  type Position,
  readLine,
  START,
} from "./journal.ts";
import type { Ledger } from "./ledger.ts";

/**
 * A folder: `objects/sha256/ab/HEX` for bundles, written once, and `journal.jsonl`. Plain files, so
 * that any tool can copy, compare and check them.
 */
export function directoryLedger(folder: string): Ledger {
  return new DirectoryLedger(folder);
}

class DirectoryLedger implements Ledger {
  readonly name: string;
  readonly #folder: string;
  readonly #journal: string;

  constructor(folder: string) {
    this.name = folder;
    this.#folder = folder;
    this.#journal = join(folder, JOURNAL);
  }

  async keep(bundles: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const folders = new Set<string>();
    const waiting = bundles.entries();
    const work = async (): Promise<void> => {
      for (const [hex, bytes] of waiting) {
        const fresh = await this.#keepOne(hex, bytes);
        if (fresh !== undefined) folders.add(fresh);
      }
    };
    // Many at once: the disk then commits them together.
    await guarded(this.name, () => Promise.all(Array.from({ length: WRITERS }, work)));
    for (const fresh of folders) await syncFolder(fresh);
  }

  async bundle(hex: string): Promise<Buffer | undefined> {
    const bytes = readBounded(this.#pathOf(hex), MOST_BUNDLE_BYTES);
    if (bytes !== undefined && hexOf(sha256(bytes)) !== hex)
      throw broken(`object ${hex} holds other bytes`, this.name);
    return bytes;
  }

  /**
   * The lock is SQLite's on an empty database: the operating system's own, which ends with the
   * process that holds it, however that ends. A file of ours would outlive a crash.
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const lock = await this.#lock();
    try {
      return await work();
    } finally {
      lock.close();
    }
  }

  async end(): Promise<Position> {
    if (!existsSync(this.#journal)) return START;
    const file = await open(this.#journal, "r");
    try {
      return (await lastLine(file)).end;
    } finally {
      await file.close();
    }
  }

  async append(lines: readonly Line[]): Promise<void> {
    await guarded(this.name, async () => {
      const file = await open(this.#journal, "a+", 0o644);
      try {
        const { whole, size } = await lastLine(file);
        // A crash left half a line, which nobody was told of: the next one would be glued to it.
        if (whole !== size) await file.truncate(whole);
        if (whole !== (lines[0]?.offset ?? whole))
          throw broken("it changed while it was appended to", this.name);
        await file.appendFile(lines.map(({ text }) => `${text}\n`).join(""));
        await file.datasync();
      } finally {
        await file.close();
      }
      if (lines[0]?.offset === 0) await syncFolder(this.#folder);
    });
  }

  async *lines(after: Position): AsyncIterable<Line> {
    if (!existsSync(this.#journal)) {
      if (after.sequence > 0) throw broken("it is gone", this.name);
      return;
    }
    await this.#holds(after);
    const input = createReadStream(this.#journal, { start: after.offset, highWaterMark: 1 << 20 });
    let at = after;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of input as AsyncIterable<Buffer>) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (;;) {
        const newline = data.indexOf(NEWLINE, from);
        if (newline === -1) break;
        const line = readLine(data.toString("utf8", from, newline), at);
        from = newline + 1;
        at = line.end;
        yield line;
      }
      rest = data.subarray(from);
      if (rest.length > MOST_LINE_BYTES)
        throw broken(`line ${at.sequence + 1} is too long`, this.name);
    }
  }

  async lineAt(_sequence: number, offset: number): Promise<string | undefined> {
    if (!existsSync(this.#journal)) return undefined;
    const file = await open(this.#journal, "r");
    try {
      const data = Buffer.alloc(MOST_LINE_BYTES);
      const { bytesRead } = await file.read(data, 0, data.length, offset);
      const newline = data.subarray(0, bytesRead).indexOf(NEWLINE);
      return newline === -1 ? undefined : data.toString("utf8", 0, newline);
    } finally {
      await file.close();
    }
  }

  async names(): Promise<string[]> {
    const root = join(this.#folder, "objects", "sha256");
    if (!existsSync(root)) return [];
    const names = await readdir(root, { recursive: true });
    return names.flatMap((name) => /^[0-9a-f]{2}[\\/]([0-9a-f]{64})$/.exec(name)?.[1] ?? []);
  }

  async close(): Promise<void> {}

  /** Whether the journal still has, at its place, the line that was read last. */
  async #holds(after: Position): Promise<void> {
    const file = await open(this.#journal, "r");
    try {
      const { size } = await file.stat();
      const found = size < after.offset ? undefined : (await lastLine(file, after.offset)).end;
      if (found?.head !== after.head || found.offset !== after.offset)
        throw broken(`line ${after.sequence} is gone or was changed since it was read`, this.name);
    } finally {
      await file.close();
    }
  }

  /** Returns the folder that a new file is in. */
  async #keepOne(hex: string, bytes: Uint8Array): Promise<string | undefined> {
    const path = this.#pathOf(hex);
    const folder = join(path, "..");
    if (existsSync(path)) {
      const old = readBounded(path, MOST_BUNDLE_BYTES);
      // What is damaged is written anew; what is sound is never touched.
      if (old !== undefined && hexOf(sha256(old)) === hex) return undefined;
    } else await mkdir(folder, { recursive: true });
    const temporary = `${path}.${process.pid}-${(temporaries += 1)}.tmp`;
    const file = await open(temporary, "wx", 0o444);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return folder;
  }

  #pathOf(hex: string): string {
    if (!/^[0-9a-f]{64}$/.test(hex)) throw new TypeError(`not a SHA-256: ${hex}`);
    return join(this.#folder, "objects", "sha256", hex.slice(0, 2), hex);
  }

  async #lock(): Promise<DatabaseSync> {
    for (let waited = 0; ; waited += PAUSE_MS) {
      let lock: DatabaseSync | undefined;
      try {
        mkdirSync(this.#folder, { recursive: true });
        lock = new DatabaseSync(join(this.#folder, LOCK), { timeout: 0 });
        lock.exec("BEGIN EXCLUSIVE");
        return lock;
      } catch (cause) {
        lock?.close();
        const why = messageOf(cause);
        const what = `Cannot write ${printable(this.name)}: `;
        if (!/locked|busy/i.test(why))
          throw new MlsignError("file-unwritable", `${what}${why}`, { cause });
        if (waited >= PATIENCE_MS)
          throw new MlsignError("locked", `${what}another mlsign is writing it`, { cause });
      }
      await setTimeout(PAUSE_MS);
    }
  }
}

/** The last whole line, by reading back from the end. */
async function lastLine(
  file: FileHandle,
  upTo?: number,
): Promise<{ readonly end: Position; readonly whole: number; readonly size: number }> {
  const size = upTo ?? (await file.stat()).size;
  const length = Math.min(size, 2 * MOST_LINE_BYTES);
  const data = Buffer.alloc(length);
  await file.read(data, 0, length, size - length);
  const last = data.lastIndexOf(NEWLINE);
  const whole = last === -1 ? size - length : size - length + last + 1;
  if (whole === 0 || last === -1) {
    if (whole > 0) throw broken("its last line is too long");
    return { end: START, whole: 0, size };
  }
  const before = last === 0 ? -1 : data.lastIndexOf(NEWLINE, last - 1);
  const text = data.toString("utf8", before + 1, last);
  const entry = entryOf(text, "the last line");
  return {
    end: { sequence: entry.sequence, head: hexOf(sha256(text)), offset: whole },
    whole,
    size,
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems cannot sync a folder; the rename is atomic all the same.
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes(systemCode(error) ?? "")) throw error;
  } finally {
    await folder.close();
  }
}

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof MlsignError || systemCode(cause) === undefined) throw cause;
    const full = ["ENOSPC", "EDQUOT"].includes(systemCode(cause) ?? "");
    throw new MlsignError(
      full ? "disk-full" : "file-unwritable",
      `Cannot write ${printable(name)}: ${full ? "no space left" : messageOf(cause)}`,
      { cause },
    );
  }
}

let temporaries = 0;
export const JOURNAL = "journal.jsonl";
const LOCK = "lock";
const NEWLINE = 0x0a;
const WRITERS = 32;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 10;
const MOST_BUNDLE_BYTES = 128 * 1024 * 1024;
