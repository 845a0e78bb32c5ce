import type { Facts, Sheet } from "../sheet.ts";

/** A package from version control, by what the lock says of its commit. */
export function judgeCommit(sheet: Sheet, facts: Facts, commit: string | undefined): void {
  if (commit !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    sheet.commit(facts, "is pinned to a commit, whose bytes no hash covers");
    return;
  }
  const found = commit === undefined ? "no commit" : `"${commit}", which is no full commit`;
  sheet.unpinned(facts, "dependency-pinned", `names ${found}`, "lock the full commit");
}

/** A package of the same tree: its bytes are those of the repository, which the lock does not name. */
export function judgeLocal(sheet: Sheet, facts: Facts): void {
  const reason = "is a local directory, which cannot be pinned by hash";
  sheet.unpinned(facts, "dependency-pinned", reason, "build a wheel, and pin it by hash");
}
