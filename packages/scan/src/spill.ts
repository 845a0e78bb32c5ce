import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlsignError, systemCode } from "@mlsign/core";
import { bufferSource, type ByteSource } from "./source.ts";

/** Bytes that are written once and then read anywhere: in memory while they are few, else on disk. */
export class Spill {
  #parts: Buffer[] = [];
  #descriptor: number | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @throws MlsignError `disk-full`, `file-unwritable` */
  write(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#descriptor === undefined) {
      this.#parts.push(Buffer.from(bytes));
      if (this.#size <= IN_MEMORY) return;
      this.#descriptor = guarded(openTemporary);
      for (const part of this.#parts) this.#append(part);
      this.#parts = [];
    } else this.#append(bytes);
  }

  source(): ByteSource {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) {
      const all = Buffer.concat(this.#parts);
      this.#parts = [all];
      return bufferSource(all);
    }
    const size = this.#size;
    let buffer = Buffer.allocUnsafe(0);
    return {
      size,
      read(offset, length) {
        const wanted = Math.max(0, Math.min(length, size - offset));
        if (buffer.length < wanted) buffer = Buffer.allocUnsafe(wanted);
        let got = 0;
        while (got < wanted) {
          const read = readSync(descriptor, buffer, got, wanted - got, offset + got);
          if (read === 0) break;
          got += read;
        }
        return buffer.subarray(0, got);
      },
    };
  }

  close(): void {
    this.#parts = [];
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #append(bytes: Uint8Array): void {
    const descriptor = this.#descriptor ?? -1;
    guarded(() => {
      for (let at = 0; at < bytes.length;) {
        at += writeSync(descriptor, bytes, at, bytes.length - at);
      }
    });
  }
}

/** A file that only this process has: its name is gone before a byte is in it. */
function openTemporary(): number {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-"));
  try {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    return openSync(join(folder, "decoded"), O_RDWR | O_CREAT | O_EXCL, 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new MlsignError(
      full ? "disk-full" : "file-unwritable",
      `Cannot keep what was decoded: ${full ? "no space left" : code}`,
      { cause, hint: "TMPDIR names the folder for temporary files" },
    );
  }
}

const IN_MEMORY = 8 * 1024 * 1024;
