import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { systemCode } from "@mlsign/core";
import { readTree, split, type TreeEntry } from "./objects.ts";
import { oidOf } from "./oid.ts";
import type { Repository } from "./repository.ts";
import { runGit } from "./run-git.ts";

/** How the files on disk differ from the commit. Paths are shown as UTF-8 where they are text. */
export interface WorkTreeState {
  readonly clean: boolean;
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  /** Not ignored, and not in the commit. */
  readonly untracked: readonly string[];
  /** Differ as bytes, agree once a filter's known work is undone (line ends, Git LFS). */
  readonly filtered: readonly string[];
}

/**
 * Compares each tracked file's bytes with its blob. `git status` is not asked: flags in the index
 * (`assume-unchanged`, `skip-worktree`) hide edits from it, and it runs the repository's filters.
 *
 * @throws MlsignError `git-failed`
 */
export async function workTreeState(repository: Repository): Promise<WorkTreeState> {
  const changed: string[] = [];
  const missing: string[] = [];
  const filtered: string[] = [];
  for (const entry of await readTree(repository.root, repository.head)) {
    const state = await compare(repository.root, entry);
    const shown = entry.path.toString("utf8");
    if (state === "changed") changed.push(shown);
    else if (state === "missing") missing.push(shown);
    else if (state === "filtered") filtered.push(shown);
  }
  const listed = await runGit(repository.root, [
    "ls-files",
    "--others",
    "--exclude-standard",
    "-z",
  ]);
  const untracked = split(listed, 0).map((path) => path.toString("utf8"));
  const clean = changed.length + missing.length + untracked.length === 0;
  return { clean, changed, missing, untracked, filtered };
}

async function compare(
  root: string,
  entry: TreeEntry,
): Promise<"same" | "changed" | "missing" | "filtered"> {
  const path = Buffer.concat([Buffer.from(`${root}/`), entry.path]);
  const stats = lstat(path);
  if (entry.mode === SUBMODULE) return compareSubmodule(path, entry, stats);
  if (stats === undefined) return "missing";
  if (entry.mode === SYMLINK) {
    if (!stats.isSymbolicLink()) return "changed";
    const target = readlinkSync(path, { encoding: "buffer" });
    return oidOf("blob", target, entry.oid) === entry.oid ? "same" : "changed";
  }
  if (!stats.isFile()) return "changed";
  const executable = (stats.mode & 0o100n) !== 0n;
  if (executable !== (entry.mode === "100755")) return "changed";
  const content = readFileSync(path);
  if (oidOf("blob", content, entry.oid) === entry.oid) return "same";
  const unix = Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  if (oidOf("blob", unix, entry.oid) === entry.oid) return "filtered";
  return oidOf("blob", lfsPointer(content), entry.oid) === entry.oid ? "filtered" : "changed";
}

/** A submodule that is not checked out says nothing; one that is must be at its commit. */
async function compareSubmodule(
  path: Buffer,
  entry: TreeEntry,
  stats: BigIntStats | undefined,
): Promise<"same" | "changed"> {
  if (stats === undefined || !stats.isDirectory()) return "same";
  const folder = path.toString("utf8");
  if (lstat(Buffer.from(`${folder}/.git`)) === undefined) return "same";
  const head = await runGit(folder, ["rev-parse", "--verify", "HEAD"]).catch(() => Buffer.alloc(0));
  return head.toString("latin1").trim() === entry.oid ? "same" : "changed";
}

/** What Git LFS commits in place of a file (LFS specification 1). */
function lfsPointer(content: Buffer): Buffer {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.length}\n`,
  );
}

function lstat(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}

const SUBMODULE = "160000";
const SYMLINK = "120000";
