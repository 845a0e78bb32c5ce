import { printable } from "@mlsign/core";
import { invalid } from "./fields.ts";
import { ignoresAll, nameProblem, normalIgnore, parentsOf } from "./names.ts";
import type { Resource, Serialization } from "./serialization.ts";
import type { SignedFile } from "./signed.ts";

/** The files of a manifest of whole files. @throws MlsignError `manifest-invalid` */
export function wholeFiles(
  resources: readonly Resource[],
  serialization: Pick<Serialization, "ignorePaths">,
): SignedFile[] {
  const files = resources.map(({ name, digest }) => ({
    path: name,
    size: undefined,
    digests: [digest],
  }));
  checkLayout(files, serialization.ignorePaths);
  return files;
}

/**
 * Whether the files can be those of one model: safe names, none twice, none inside another, none
 * that the signature itself leaves out (oms.md 8.1, 8.7).
 *
 * @throws MlsignError `manifest-invalid`
 */
export function checkLayout(files: readonly SignedFile[], ignorePaths: readonly string[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    const problem = path === "." && files.length === 1 ? undefined : nameProblem(path);
    if (problem !== undefined) throw invalid(`the name "${printable(path)}" ${problem}`);
    if (paths.has(path)) throw invalid(`"${printable(path)}" is listed twice`);
    paths.add(path);
  }
  const ignores = new Set(ignorePaths.map(normalIgnore));
  const all = ignorePaths.find(ignoresAll);
  if (all !== undefined) throw invalid(`it ignores "${all}", which is the whole model`);
  for (const path of paths) {
    for (const parent of parentsOf(path)) {
      if (paths.has(parent)) throw invalid(`"${printable(parent)}" is both a file and a directory`);
      if (ignores.has(parent)) throw ignored(path);
    }
    if (ignores.has(path)) throw ignored(path);
  }
}

function ignored(path: string): Error {
  return invalid(`it lists "${printable(path)}" and ignores it as well`);
}
