import { closeSync, constants, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { Fault } from "./fault.ts";

/** A new file that receives the bytes that were hashed. */
export class Copy {
  readonly #path: string;
  #fd: number;

  /** @throws Fault `output-exists` where anything has that name, even a link. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = attempt(() => openSync(path, CREATE_FLAGS, 0o666));
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at += attempt(() => writeSync(this.#fd, bytes, at, bytes.length - at));
    }
  }

  /** Makes sure that the bytes are on the disk. */
  finish(): void {
    attempt(() => {
      fsyncSync(this.#fd);
    });
    this.#close();
  }

  /** Takes an unfinished copy away. */
  discard(): void {
    this.#close();
    try {
      unlinkSync(this.#path);
    } catch {
      // The error that led here is the one to report.
    }
  }

  #close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "EEXIST") throw new Fault("output-exists", "the copy's place is taken");
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new Fault(full ? "disk-full" : "file-unwritable", `cannot write the copy (${code})`);
  }
}

const CREATE_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
