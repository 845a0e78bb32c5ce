import { MlsignError, printable } from "@mlsign/core";
import type { ArtifactEntry, Artifacts } from "@mlsign/mlflow";
import { inParallel } from "@mlsign/objects";
import type { RemoteFile, RemoteFolder } from "../folder.ts";

/** A model that the tracking server passes on. A folder is asked for at a time, with all below it. */
export function proxiedFolder(artifacts: Artifacts, root: string): RemoteFolder {
  const at = (name: string): string => (root === "" ? name : `${root}/${name}`);
  return {
    where: `mlflow-artifacts:/${root}`,
    list: async () => listAll(artifacts, root),
    find: async (name) => {
      const entries = await entriesOf(artifacts, root);
      const entry = entries.find((it) => it.name === name);
      return entry === undefined || entry.directory ? undefined : { name, size: entry.size };
    },
    read: async ({ name, size }) => {
      const bytes = await artifacts.read(at(name), size);
      if (bytes === undefined)
        throw new MlsignError("registry-changed", `Cannot read ${printable(name)}: it is gone`);
      return bytes;
    },
    write: async (name, content) => artifacts.write(at(name), content),
  };
}

async function listAll(artifacts: Artifacts, root: string): Promise<RemoteFile[]> {
  const files: RemoteFile[] = [];
  let level: readonly string[] = [""];
  let folders = 0;
  // One level after the other: folders in folders without end are met by their depth.
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_DEPTH) throw tooMuch(`folders more than ${MOST_DEPTH} deep`);
    folders += level.length;
    if (folders > MOST_FOLDERS) throw tooMuch(`more than ${MOST_FOLDERS} folders`);
    const below: string[] = [];
    await inParallel(level, WIDTH, async (prefix) => {
      const path = [root, prefix.slice(0, -1)].filter((part) => part !== "").join("/");
      for (const { name, directory, size } of await entriesOf(artifacts, path)) {
        if (directory) below.push(`${prefix}${name}/`);
        else files.push({ name: `${prefix}${name}`, size });
      }
      if (files.length > MOST_FILES) throw tooMuch(`more than ${MOST_FILES} files`);
    });
    level = below;
  }
  return files;
}

/** @throws MlsignError `name-invalid` for what is not one part of a path */
async function entriesOf(artifacts: Artifacts, path: string): Promise<readonly ArtifactEntry[]> {
  const entries = await artifacts.list(path);
  const bad = entries.find(({ name }) => ["", ".", ".."].includes(name) || /[/\\\0]/.test(name));
  if (bad === undefined) return entries;
  throw new MlsignError("name-invalid", `Cannot take "${printable(bad.name)}": it leads elsewhere`);
}

function tooMuch(what: string): MlsignError {
  return new MlsignError("limit-exceeded", `Cannot take the model: ${what}`);
}

const WIDTH = 4;
const MOST_DEPTH = 32;
const MOST_FOLDERS = 10_000;
const MOST_FILES = 100_000;
