import { lstatSync } from "node:fs";
import { join } from "node:path";
import { MlsignError, systemCode } from "@mlsign/core";
import { resolveLink } from "./links.ts";
import { nameProblem, parentsOf } from "./names.ts";
import type { ListedFile } from "./source.ts";
import { listed, unreadable, type Walk } from "./walk.ts";

/**
 * The files of these names alone. A name that is not there, or is a directory, is left out; no
 * name leads out of the model, and links on the way follow the same rules as in a walk.
 */
export function listNamed(
  names: readonly string[],
  walk: Walk,
): { files: ListedFile[]; ignored: string[] } {
  const directories = new Map<string, string | undefined>([["", walk.root]]);
  const files: ListedFile[] = [];
  for (const name of new Set(names)) {
    const problem = nameProblem(name);
    if (problem !== undefined) {
      throw new MlsignError("name-invalid", `Cannot look for "${name}": its name ${problem}`);
    }
    if (walk.ignores.covering(name) !== undefined) continue;
    const file = look(name, directories, walk);
    if (file !== undefined) files.push(file);
  }
  return { files, ignored: [] };
}

function look(
  name: string,
  directories: Map<string, string | undefined>,
  walk: Walk,
): ListedFile | undefined {
  let real = walk.root;
  for (const parent of parentsOf(name)) {
    if (!directories.has(parent)) directories.set(parent, directoryAt(parent, real, walk));
    const next = directories.get(parent);
    if (next === undefined) return undefined;
    real = next;
  }
  const found = resolveAt(name, real, walk);
  if (found === undefined || found.stats.isDirectory()) return undefined;
  return { ...listed(name, found.stats), real: found.real };
}

function directoryAt(name: string, real: string, walk: Walk): string | undefined {
  const found = resolveAt(name, real, walk);
  return found?.stats.isDirectory() === true ? found.real : undefined;
}

function resolveAt(
  name: string,
  parent: string,
  walk: Walk,
): ReturnType<typeof resolveLink> | undefined {
  const path = join(parent, name.slice(name.lastIndexOf("/") + 1));
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isSymbolicLink() ? resolveLink(path, name, walk) : { real: path, stats };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error instanceof MlsignError ? error : unreadable(name, error);
  }
}
