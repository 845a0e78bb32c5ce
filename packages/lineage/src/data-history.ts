import { MlsignError } from "@mlsign/core";
import { type DvcOut, parseDvcFile, parseDvcLock } from "@mlsign/dvc";
import { type Commit, pathHistory, readBlobs } from "@mlsign/git";

/** One output of DVC's that a commit changed. Author and committer are free text; see the signature. */
export interface DataChange {
  readonly commit: Commit;
  /** The `.dvc` file or `dvc.lock`. */
  readonly file: string;
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * Who committed which version of the data, when: every change of an output's DVC hash, newest
 * first, over all refs, merges included. It shows who committed the pointer, not who pushed the
 * bytes.
 *
 * @throws MlsignError `git-failed`
 */
export async function dataHistory(folder: string, paths: readonly string[]): Promise<DataChange[]> {
  const patterns = paths.length > 0 ? paths : [":(glob)**/*.dvc", ":(glob)**/dvc.lock"];
  const changes = await pathHistory(folder, patterns);
  const blobs = await readBlobs(
    folder,
    new Set(
      changes.flatMap(({ before, after }) => [before, after].filter((oid) => oid !== undefined)),
    ),
  );
  const seen = new Set<string>();
  return changes.flatMap(({ commit, path: file, before, after }) => {
    const [old, now] = [outputs(before, file, blobs), outputs(after, file, blobs)];
    const names = [...new Set([...old.keys(), ...now.keys()])].toSorted();
    return names.flatMap((path) => {
      const change = { commit, file, path, before: old.get(path), after: now.get(path) };
      const key = [commit.oid, file, path, change.before, change.after].join("\0");
      // A merge is listed once for each parent: what it changed against both is one change.
      if (change.before === change.after || seen.has(key)) return [];
      seen.add(key);
      return [change];
    });
  });
}

function outputs(
  oid: string | undefined,
  file: string,
  blobs: ReadonlyMap<string, Buffer>,
): Map<string, string> {
  const text = oid === undefined ? undefined : blobs.get(oid)?.toString("utf8");
  if (text === undefined) return new Map();
  try {
    const stages = file.endsWith(".lock") ? parseDvcLock(text, file) : [parseDvcFile(text, file)];
    const outs: DvcOut[] = stages.flatMap((stage) => [...stage.outs]);
    return new Map(
      outs.flatMap(({ path, oid: hash }) => (hash === undefined ? [] : [[path, hash]])),
    );
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return new Map([["(unreadable)", oid ?? ""]]);
  }
}
