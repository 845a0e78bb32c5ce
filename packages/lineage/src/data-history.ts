import { MlsignError } from "@mlsign/core";
import { type DvcOut, parseDvcFile, parseDvcLock } from "@mlsign/dvc";
import { type Commit, objectStream, type PathChange, pathHistory } from "@mlsign/git";
import { type Outputs, quickOutputs } from "./quick-outputs.ts";

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
 * bytes. Files are read in one pass and dropped after their last use: memory grows with the
 * changes, not with what the files hold.
 *
 * @throws MlsignError `git-failed`
 */
export async function dataHistory(folder: string, paths: readonly string[]): Promise<DataChange[]> {
  const changes = await pathHistory(folder, paths.length > 0 ? paths : isDvcFile);
  const versions = new Versions(folder, changes);
  const history: DataChange[] = [];
  let [commit, seen] = ["", new Set<string>()];
  try {
    for (const change of changes) {
      // A merge is listed once for each parent: what it changed against both is one change.
      if (change.commit.oid !== commit) [commit, seen] = [change.commit.oid, new Set()];
      const { path: file } = change;
      const [old, now] = [await versions.before(change), await versions.after(change)];
      for (const path of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
        const [before, after] = [old.get(path), now.get(path)];
        const key = [file, path, before, after].join("\0");
        if (before === after || seen.has(key)) continue;
        seen.add(key);
        history.push({ commit: change.commit, file, path, before, after });
      }
      versions.done(change);
    }
  } finally {
    await versions.close();
  }
  return history;
}

function isDvcFile(path: string): boolean {
  return /(?:\.dvc|(?:^|\/)dvc\.lock)$/.test(path);
}

/** What each version of a file holds: read in the order of the changes, each parsed once. */
class Versions {
  readonly #uses = new Map<string, number>();
  readonly #parsed = new Map<string, Outputs>();
  readonly #blobs: ReturnType<typeof objectStream>;

  constructor(folder: string, changes: readonly PathChange[]) {
    for (const oid of changes.flatMap(sides)) this.#uses.set(oid, (this.#uses.get(oid) ?? 0) + 1);
    this.#blobs = objectStream(folder, this.#uses.keys(), "blob", MOST_BYTES);
  }

  before({ before, path }: PathChange): Promise<Outputs> {
    return this.#outputs(before, path);
  }

  after({ after, path }: PathChange): Promise<Outputs> {
    return this.#outputs(after, path);
  }

  done(change: PathChange): void {
    for (const oid of sides(change)) {
      const left = (this.#uses.get(oid) ?? 0) - 1;
      this.#uses.set(oid, left);
      if (left <= 0) this.#parsed.delete(oid);
    }
  }

  async close(): Promise<void> {
    await this.#blobs.return(undefined);
  }

  async #outputs(wanted: string | undefined, file: string): Promise<Outputs> {
    if (wanted === undefined) return new Map();
    for (;;) {
      const known = this.#parsed.get(wanted);
      if (known !== undefined) return known;
      const { value, done } = await this.#blobs.next();
      if (done === true) throw new MlsignError("git-failed", `Cannot read object ${wanted}`);
      this.#parsed.set(value.oid, outputs(value.bytes, file) ?? unreadable(value.oid));
    }
  }
}

/** In the order in which they are read. */
function sides({ before, after }: PathChange): string[] {
  return [before, after].filter((oid) => oid !== undefined);
}

function outputs(bytes: Buffer | undefined, file: string): Outputs | undefined {
  if (bytes === undefined) return undefined;
  const text = bytes.toString("utf8");
  const lock = file.endsWith(".lock");
  const quick = quickOutputs(text, lock);
  if (quick !== undefined) return quick;
  try {
    const stages = lock ? parseDvcLock(text, file) : [parseDvcFile(text, file)];
    const outs: DvcOut[] = stages.flatMap((stage) => [...stage.outs]);
    return new Map(
      outs.flatMap(({ path, oid: hash }) => (hash === undefined ? [] : [[path, hash]])),
    );
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return undefined;
  }
}

function unreadable(oid: string): Outputs {
  return new Map([["(unreadable)", oid]]);
}

/** No file that DVC writes for people to merge is larger. */
const MOST_BYTES = 16 * 1024 * 1024;
