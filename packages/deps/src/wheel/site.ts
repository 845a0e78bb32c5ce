import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";

/** What stands in a directory of installed packages, by `/`-separated path. */
export interface Site {
  readonly root: string;
  readonly files: ReadonlyMap<string, "file" | "link" | "other">;
  /** Names in its own `bin`, which `pip install --target` makes. */
  readonly scripts: readonly string[];
  /** `*.dist-info` directories with the project and version that their names say. */
  readonly distributions: readonly Distribution[];
}

export interface Distribution {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
}

/** @throws MlsignError `file-unreadable`, `limit-exceeded` */
export function listSite(root: string): Site {
  const files = new Map<string, "file" | "link" | "other">();
  const distributions: Distribution[] = [];
  const prefixes = [""];
  for (let prefix = prefixes.pop(); prefix !== undefined; prefix = prefixes.pop()) {
    for (const entry of read(root, prefix)) {
      const path = prefix + entry.name;
      if (entry.isDirectory()) {
        prefixes.push(`${path}/`);
        const match = prefix === "" ? /^(.+)-([^-]+)\.dist-info$/.exec(entry.name) : null;
        if (match !== null) {
          const [, name, version] = match as unknown as [string, string, string];
          distributions.push({ directory: path, name, version });
        }
        continue;
      }
      files.set(path, entry.isFile() ? "file" : entry.isSymbolicLink() ? "link" : "other");
    }
    if (files.size > MAX_FILES) {
      throw new MlsignError("limit-exceeded", `Cannot list "${printable(root)}": too many files`);
    }
  }
  const scripts = [...files.keys()].flatMap((path) => /^bin\/([^/]+)$/.exec(path)?.[1] ?? []);
  return { root, files, scripts, distributions };
}

function read(root: string, prefix: string): Dirent[] {
  try {
    return readdirSync(join(root, prefix), { withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? 1 : -1,
    );
  } catch (error) {
    const code = systemCode(error) ?? "unknown error";
    const message = `Cannot list "${printable(join(root, prefix))}": ${code}`;
    throw new MlsignError("file-unreadable", message, { cause: error });
  }
}

const MAX_FILES = 1_000_000;
