import { mkdirSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import type { Listing } from "./source.ts";

/** Where the copies go: a directory that the caller made for them, and nothing outside it. */
export class Target {
  readonly #directory: string;
  readonly #single: string | undefined;
  readonly #made: Set<string> = new Set();

  constructor(directory: string, listing: Listing) {
    this.#directory = directory;
    this.#single = listing.kind === "file" ? listing.name : undefined;
  }

  /** The path of a file's copy; its directories are made. */
  place(name: string): string {
    const path = join(this.#directory, this.#single ?? name);
    const inside = relative(this.#directory, path);
    if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new MlsignError("name-invalid", `Cannot copy "${printable(name)}": it leads elsewhere`);
    }
    this.#make(dirname(path));
    return path;
  }

  #make(directory: string): void {
    if (this.#made.has(directory)) return;
    try {
      mkdirSync(directory, { recursive: true });
    } catch (cause) {
      const code = systemCode(cause);
      const what = `Cannot make the directory "${printable(directory)}": ${code}`;
      throw new MlsignError(code === "ENOSPC" ? "disk-full" : "file-unwritable", what, { cause });
    }
    this.#made.add(directory);
  }
}
