import { MlsignError } from "@mlsign/core";
import { GIT_PATHS, ignoresAll, normalIgnore, parentsOf } from "./names.ts";
import type { ListOptions } from "./source.ts";

/** Which names a listing leaves out, and which of these it tells. */
export class Ignores {
  readonly #silent: ReadonlySet<string>;
  readonly #told: ReadonlySet<string>;

  /** @throws MlsignError `usage` for a path that leaves out the whole model. */
  constructor(options: ListOptions) {
    const paths = options.ignorePaths ?? [];
    const all = paths.find(ignoresAll);
    if (all !== undefined) {
      throw new MlsignError("usage", `Cannot ignore "${all}": that leaves nothing of the model`);
    }
    const told = new Set(paths.map(normalIgnore));
    const git = GIT_PATHS.filter((path) => (options.ignoreGit ?? true) || told.has(path));
    this.#silent = new Set(git);
    this.#told = told;
  }

  /** For a name whose parents are not left out. */
  of(name: string): "git" | "path" | undefined {
    if (this.#silent.has(name)) return "git";
    return this.#told.has(name) ? "path" : undefined;
  }

  /** For any name. */
  covering(name: string): "git" | "path" | undefined {
    for (const part of [...parentsOf(name), name]) {
      const rule = this.of(part);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }
}
