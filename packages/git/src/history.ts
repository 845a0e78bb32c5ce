import { MlsignError } from "@mlsign/core";
import { objectStream } from "./object-stream.ts";
import { type Commit, parseCommit } from "./objects.ts";
import { isOid } from "./oid.ts";
import { streamGit } from "./stream-git.ts";

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
 * Every change of files that fit the patterns, or whose path from the repository's root is wanted,
 * newest first, over all refs, with what was done inside merge commits, which a plain log hides.
 * For names that may stand anywhere a function is faster: git is slow at matching each of them.
 *
 * @throws MlsignError `git-failed`
 */
export async function pathHistory(
  folder: string,
  wanted: readonly string[] | ((path: string) => boolean),
  options: { readonly from?: string } = {},
): Promise<PathChange[]> {
  const start = options.from === undefined ? ["--all"] : [options.from];
  const [patterns, keep] =
    typeof wanted === "function" ? [[], wanted] : [wanted, () => true as boolean];
  const args = [...LOG, "--full-history", "--diff-merges=separate", ...start, "--", ...patterns];
  const changes = await readLog(streamGit(folder, args), keep);
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
  const commits = new Map<string, Commit>();
  for await (const { oid, bytes } of objectStream(folder, oids, "commit")) {
    if (bytes === undefined)
      throw new MlsignError("git-failed", `Cannot read commit ${oid}: it is too large`);
    commits.set(oid, parseCommit(oid, bytes));
  }
  return commits;
}

/**
 * Words are told apart by their place, not by what is in them: a name, a line feed or an object
 * name in somebody's path must not start a commit of its own.
 */
async function readLog(
  log: AsyncIterable<Buffer>,
  keep: (path: string) => boolean,
): Promise<(Omit<PathChange, "commit"> & { commit: string })[]> {
  const changes = [];
  let commit = "";
  let raw: RegExpExecArray | null = null;
  for await (const bytes of words(log)) {
    if (raw !== null) {
      const [, before = "", after = "", status = ""] = raw;
      raw = null;
      const path = bytes.toString("utf8");
      if (!keep(path)) continue;
      changes.push({
        commit,
        path,
        status,
        before: /^0+$/.test(before) ? undefined : before,
        after: /^0+$/.test(after) ? undefined : after,
      });
      continue;
    }
    const word = bytes.toString("latin1").replace(/^\n+/, "");
    raw = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/.exec(word);
    if (raw === null && isOid(word)) commit = word;
  }
  return changes;
}

/** What stands between NULs. */
async function* words(log: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of log) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = all.indexOf(0); end >= 0; end = all.indexOf(0, start)) {
      yield all.subarray(start, end);
      start = end + 1;
    }
    rest = all.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

const LOG = [
  "log",
  "--no-renames",
  "--no-relative",
  "--raw",
  "--no-abbrev",
  "--no-ext-diff",
  "--no-textconv",
  "-z",
  "--format=%H",
];
