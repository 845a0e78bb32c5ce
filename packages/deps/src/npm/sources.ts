import { purl } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { judgeIntegrity } from "./integrity.ts";

/** What a lock says of one npm package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string | undefined;
  readonly line: number | undefined;
  readonly integrity: string | undefined;
  /** Where it comes from: a tarball's URL, a git URL with its commit, `file:…`. */
  readonly resolved: string | undefined;
}

export function judgeNpm(sheet: Sheet, found: NpmPackage): void {
  const { name, version, line, integrity, resolved } = found;
  const facts: Facts = {
    ecosystem: "npm",
    name,
    version,
    line,
    purl: purl("npm", name, version),
    ...(resolved === undefined ? {} : { artifacts: [{ url: resolved, hashes: [] }] }),
  };
  if (integrity !== undefined) {
    judgeIntegrity(sheet, facts, integrity);
    return;
  }
  const commit = /^git(?:\+|:|@)|\.git(?:#|$)|^(?:github|gitlab|bitbucket):/i.test(resolved ?? "")
    ? /#(?:commit=)?([0-9a-f]+)$/.exec(resolved ?? "")?.[1]
    : CODELOAD.exec(resolved ?? "")?.[1];
  if (commit !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    sheet.commit(facts, "is pinned to a commit, whose bytes no hash covers");
  } else if (/^(?:file:|link:|portal:|\.)/.test(resolved ?? "")) {
    const reason = "is a local file or directory without an integrity";
    sheet.unpinned(
      facts,
      "dependency-pinned",
      reason,
      "publish it to a registry, or vendor a tarball",
    );
  } else {
    const fix = "remove the entry, and let the package manager lock it again from the registry";
    sheet.unpinned(facts, "dependency-pinned", "has no integrity", fix);
  }
}

/** GitHub's archive of a commit: generated on demand, so that only the commit is fixed. */
const CODELOAD = /^https:\/\/codeload\.github\.com\/[^/]+\/[^/]+\/tar\.gz\/([0-9a-f]{40})$/;
