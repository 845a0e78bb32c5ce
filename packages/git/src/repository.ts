import { MlsignError } from "@mlsign/core";
import { isOid } from "./oid.ts";
import { runGit } from "./run-git.ts";

/** What a checkout says of itself. */
export interface Repository {
  /** Absolute path of the work tree. */
  readonly root: string;
  readonly head: string;
  /** `refs/heads/main`; `undefined` where HEAD is detached. */
  readonly ref: string | undefined;
  /** Without user name and password; `undefined` where there is no `origin`. */
  readonly remote: string | undefined;
  /** History is cut off: what is reachable cannot be told. */
  readonly shallow: boolean;
}

/**
 * Opens the repository that a folder is in.
 *
 * @throws MlsignError `git-missing`, or `git-failed` where there is none or no commit
 */
export async function openRepository(folder: string): Promise<Repository> {
  const ask = async (...args: string[]): Promise<string> =>
    (await runGit(folder, args)).toString("utf8").trim();
  const root = await ask("rev-parse", "--show-toplevel");
  const head = await ask("rev-parse", "--verify", "--end-of-options", "HEAD^{commit}");
  if (!isOid(head))
    throw new MlsignError("git-failed", "Cannot read the repository: HEAD is no commit");
  const ref = await ask("symbolic-ref", "--quiet", "HEAD").catch(() => undefined);
  const remote = await ask("config", "--local", "--get", "remote.origin.url").catch(
    () => undefined,
  );
  const shallow = (await ask("rev-parse", "--is-shallow-repository")) === "true";
  return { root, head, ref, remote: remote === undefined ? undefined : publicUrl(remote), shallow };
}

/** The commits of a range, as git lists them. */
export interface CommitRange {
  /** Oldest first. */
  readonly oids: readonly string[];
  /** Commits outside that those inside descend from directly. */
  readonly before: ReadonlySet<string>;
}

/**
 * Lists the commits of a range (`A..B`, or all that lead to one revision). Zeros, which a hook gets
 * for what is not there, are the start of everything, or the end that nothing leads to. A commit
 * whose parent is in neither part stands where the history is cut off.
 *
 * @throws MlsignError `usage` for what is no range, `git-failed` where a revision is unknown
 */
export async function commitRange(folder: string, range: string): Promise<CommitRange> {
  const ends = range.split("..");
  if (ends.length > 2 || !ends.every((end) => REVISION.test(end))) {
    throw new MlsignError("usage", `Cannot read range "${range}": not A..B, nor one revision`);
  }
  const [start = "", end = start] = ends;
  if (NOTHING.test(end)) return { oids: [], before: new Set() };
  const asked = NOTHING.test(start) ? end : range;
  const args = ["rev-list", "--reverse", "--boundary", "--end-of-options", asked];
  const lines = (await runGit(folder, args)).toString("latin1").split("\n");
  const before = lines.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
  return { oids: lines.filter(isOid), before: new Set(before) };
}

/** A remote's address as others may see it: `https://token@host/x` and `git@host:x` alike as URLs. */
function publicUrl(remote: string): string {
  const scp = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(.+)$/.exec(remote);
  if (scp !== null) return `ssh://${scp[1]}/${scp[2]?.replace(/^\/+/, "")}`;
  if (!URL.canParse(remote)) return remote;
  const url = new URL(remote);
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return url.href;
}

const NOTHING = /^0{40}(?:0{24})?$/;
const REVISION = /^[\w@][\w./@{}^~+-]*$/;
