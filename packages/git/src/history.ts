import { MlsignError } from "@mlsign/core";
import { type Commit, parseCommit, split } from "./objects.ts";
import { isOid, oidOf } from "./oid.ts";
import { runGit } from "./run-git.ts";

/** One file changed by one commit, against one of its parents. */
export interface PathChange {
  readonly commit: Commit;
  readonly path: string;
  readonly status: string;
  /** Blob before, `undefined` where the file was added. */
  readonly before: string | undefined;
  /** Blob after, `undefined` where it was deleted. */
  readonly after: string | undefined;
}

/**
 * Every change of files that fit the patterns, newest first, over all refs, with what was done
 * inside merge commits, which a plain log hides.
 *
 * @throws MlsignError `git-failed`
 */
export async function pathHistory(
  folder: string,
  patterns: readonly string[],
  options: { readonly from?: string } = {},
): Promise<PathChange[]> {
  const start = options.from === undefined ? ["--all"] : [options.from];
  const log = await runGit(
    folder,
    [...LOG, "--full-history", "--diff-merges=separate", ...start, "--", ...patterns],
    { maxBytes: 1024 * 1024 * 1024 },
  );
  const changes = parseLog(log);
  const commits = await readCommits(folder, new Set(changes.map(({ commit }) => commit)));
  return changes.flatMap((change) => {
    const commit = commits.get(change.commit);
    return commit === undefined ? [] : [{ ...change, commit }];
  });
}

/** Many commits in one run of git, each checked against its name. */
export async function readCommits(
  folder: string,
  oids: ReadonlySet<string>,
): Promise<Map<string, Commit>> {
  const objects = await readObjects(folder, oids, "commit");
  return new Map([...objects].map(([oid, bytes]) => [oid, parseCommit(oid, bytes)]));
}

/** Many files' contents in one run of git, each checked against its name. */
export function readBlobs(folder: string, oids: ReadonlySet<string>): Promise<Map<string, Buffer>> {
  return readObjects(folder, oids, "blob");
}

async function readObjects(
  folder: string,
  oids: ReadonlySet<string>,
  wanted: "commit" | "blob",
): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  if (oids.size === 0) return objects;
  const input = [...oids].map((oid) => `${oid}\n`).join("");
  const output = await runGit(folder, ["cat-file", "--batch"], {
    input,
    maxBytes: 1024 * 1024 * 1024,
  });
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0x0a, at);
    const [oid = "", kind, size = "0"] = output.subarray(at, end).toString("latin1").split(" ");
    const bytes = output.subarray(end + 1, end + 1 + Number(size));
    if (kind !== wanted || oidOf(wanted, bytes, oid) !== oid) {
      throw new MlsignError(
        "git-failed",
        `Cannot read object ${oid}: its content is not what its name says`,
      );
    }
    objects.set(oid, bytes);
    at = end + 1 + Number(size) + 1;
  }
  return objects;
}

/**
 * Words are told apart by their place, not by what is in them: a name, a line feed or an object
 * name in somebody's path must not start a commit of its own.
 */
function parseLog(log: Buffer): (Omit<PathChange, "commit"> & { commit: string })[] {
  const changes = [];
  let commit = "";
  const words = split(log, 0);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]?.toString("utf8").replace(/^\n+/, "") ?? "";
    const raw = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/.exec(word);
    if (raw === null) {
      if (isOid(word)) commit = word;
      continue;
    }
    at += 1;
    const [, before = "", after = "", status = ""] = raw;
    changes.push({
      commit,
      path: words[at]?.toString("utf8") ?? "",
      status,
      before: /^0+$/.test(before) ? undefined : before,
      after: /^0+$/.test(after) ? undefined : after,
    });
  }
  return changes;
}

const LOG = [
  "log",
  "--no-renames",
  "--raw",
  "--no-abbrev",
  "--no-ext-diff",
  "--no-textconv",
  "-z",
  "--format=%H",
];
