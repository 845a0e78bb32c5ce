import { formatBytes, MlsignError, printable } from "@mlsign/core";
import { clashesOf, nameProblem, parentsOf } from "@mlsign/manifest";
import type { RemoteFile } from "./folder.ts";

/** How much a stranger's list may make us take. */
export interface TreeBounds {
  readonly files?: number;
  readonly bytes?: number;
}

/**
 * Checks a list of files before any of them is fetched: names that could lead out of a folder, two
 * of one name, a file where a folder must be, names that a file system takes for one, and more
 * than was agreed on.
 *
 * @throws MlsignError `name-invalid`, `limit-exceeded`
 */
export function checkTree(files: readonly RemoteFile[], bounds: TreeBounds = {}): void {
  const { files: mostFiles = MOST_FILES, bytes: mostBytes = MOST_BYTES } = bounds;
  if (files.length > mostFiles)
    throw new MlsignError("limit-exceeded", `Cannot take the model: more than ${mostFiles} files`);
  const names = new Set<string>();
  let total = 0;
  for (const { name, size } of files) {
    const problem =
      nameProblem(name) ?? (CONTROL.test(name) ? "holds a control character" : undefined);
    if (problem !== undefined) throw invalid(name, `its name ${problem}`);
    if (names.has(name)) throw invalid(name, "it is there twice");
    names.add(name);
    total += size;
  }
  for (const name of names) {
    const parent = parentsOf(name).find((above) => names.has(above));
    if (parent !== undefined) throw invalid(name, `"${printable(parent)}" is a file`);
  }
  const [clash] = clashesOf([...names]);
  if (clash !== undefined)
    throw invalid(clash[0], `"${printable(clash[1])}" is the same name on some systems`);
  if (total <= mostBytes) return;
  const sizes = `${formatBytes(total)}, more than ${formatBytes(mostBytes)}`;
  throw new MlsignError("limit-exceeded", `Cannot take the model: ${sizes}`);
}

function invalid(name: string, why: string): MlsignError {
  return new MlsignError("name-invalid", `Cannot take "${printable(name)}": ${why}`);
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;
const MOST_FILES = 100_000;
const MOST_BYTES = 1024 ** 4;
