import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Fact, MlsignError, printable } from "@mlsign/core";
import { checkDependencies, type CheckedDependencies, type DependencyPolicy } from "@mlsign/deps";
import type { Host } from "../host.ts";
import { say } from "../terminal/output.ts";

/** What dependency files are held to, as flags say it. */
export interface DependencyPolicyFlags {
  readonly allowVcsCommit?: boolean;
  readonly allowArgs?: boolean;
  readonly allowBuilds?: boolean;
}

/**
 * Judges the dependency files that are named, and those of the folders that are. Paths are told
 * from `root` (default: the working directory), where included files may lie too.
 *
 * @throws MlsignError `usage` for a path that is not there or is no dependency file
 */
export function judgeLocks(
  paths: readonly string[],
  flags: DependencyPolicyFlags,
  host: Host,
  root: string = host.cwd,
): CheckedDependencies {
  const resolved = paths.map((path) => {
    const full = resolve(host.cwd, path);
    if (existsSync(full)) return full;
    throw new MlsignError("usage", `Cannot find ${printable(path)}: no such file or folder`);
  });
  return checkDependencies(resolved, { root, policy: dependencyPolicy(flags) });
}

export function dependencyPolicy(flags: DependencyPolicyFlags): DependencyPolicy {
  const { allowVcsCommit, allowArgs, allowBuilds } = flags;
  return {
    ...(allowVcsCommit !== undefined && { allowVcsCommit }),
    ...(allowArgs !== undefined && { allowArgs }),
    ...(allowBuilds !== undefined && { allowBuilds }),
  };
}

/** Says which files were looked at and which were passed over. */
export function tellFiles({ files, included, skipped }: CheckedDependencies, host: Host): void {
  const looked = [
    ...files.map(({ path, kind }) => `${printable(path)} (${kind})`),
    ...included.map(({ path }) => `${printable(path)} (included)`),
  ];
  if (looked.length === 0) say(host, "no dependency file was found");
  for (const line of looked.slice(0, MOST_LINES)) say(host, `looked at ${line}`);
  const more = looked.length - MOST_LINES;
  if (more > 0) say(host, `looked at ${more} more, which --json lists`);
  const reasons = new Map<string, string[]>();
  for (const { path, reason, unread } of skipped) {
    // What was left unread is a finding of its own.
    if (!unread) reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
  }
  for (const [reason, [first = "", ...rest]] of reasons) {
    const others = rest.length === 0 ? "" : ` and ${rest.length} more`;
    say(host, `passed over ${printable(first)}${others}: ${printable(reason)}`);
  }
}

/** The same as data: each file with the digest of the bytes that were judged. */
export function factsOfFiles(checked: CheckedDependencies, now: Date): Fact[] {
  const at = now.toISOString();
  const { files, included, skipped } = checked;
  return [
    ...files.map(({ path, ...value }) => ({ kind: "dependency-file", source: path, at, value })),
    ...included.map(({ path, sha256 }) => ({
      kind: "dependency-file",
      source: path,
      at,
      value: { kind: "included", sha256 },
    })),
    ...skipped.map(({ path, ...value }) => ({
      kind: "dependency-file-skipped",
      source: path,
      at,
      value,
    })),
  ];
}

const MOST_LINES = 20;
