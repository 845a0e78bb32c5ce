import { decide, type Verdict } from "@mlsign/core";
import { checkFile } from "@mlsign/deps";
import { readBlob } from "@mlsign/git";
import { repositoryRoot } from "../model/repository-root.ts";

/**
 * What lock files of a commit come to, judged by the commit's bytes and by those of the files that
 * they include. What is not at the commit, or is no lock file, has no verdict.
 */
export async function judgeLocksAt(
  folder: string,
  commit: string,
  paths: readonly string[],
): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  const root = await repositoryRoot(folder);
  if (root === undefined) return verdicts;
  const files = new Map<string, Buffer | undefined>();
  const load = async (path: string): Promise<void> => {
    files.set(path, await readBlob(root, commit, path).catch(() => undefined));
  };
  for (const path of paths) {
    await load(path);
    const verdict = await judged(path, files, load);
    if (verdict !== undefined) verdicts.set(path, verdict);
  }
  return verdicts;
}

/** The check asks for included files at once, git answers later: it is run again until none is new. */
async function judged(
  path: string,
  files: ReadonlyMap<string, Buffer | undefined>,
  load: (path: string) => Promise<void>,
): Promise<Verdict | undefined> {
  const bytes = files.get(path);
  if (bytes === undefined) return undefined;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const asked = new Set<string>();
    const read = (name: string): Buffer | undefined => {
      if (!files.has(name)) asked.add(name);
      return files.get(name);
    };
    let findings;
    try {
      ({ findings } = checkFile(path, bytes, { read }));
    } catch {
      // Not a kind of file that is known: nothing is said of it.
      return undefined;
    }
    if (asked.size === 0) return decide(findings);
    for (const name of asked) await load(name);
  }
  return undefined;
}

const MOST_ROUNDS = 20;
