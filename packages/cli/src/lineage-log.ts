import { EXIT } from "@mlsign/core";
import { type AllowedSigner, parseAllowedSigners, verifyCommit } from "@mlsign/git";
import { type DataChange, dataHistory } from "@mlsign/lineage";
import { table } from "@mlsign/report";
import type { Host } from "./host.ts";
import { say, writeJson } from "./output.ts";
import { readFile } from "./trust-options.ts";

export interface LogOptions {
  readonly allowedSigners?: string;
  readonly json?: boolean;
}

/** Prints who committed which version of the data, newest first. */
export async function logLineage(
  paths: readonly string[],
  options: LogOptions,
  host: Host,
): Promise<number> {
  const file = options.allowedSigners;
  const signers =
    file === undefined
      ? undefined
      : parseAllowedSigners(readFile(file, host).toString("utf8"), file);
  const changes = await dataHistory(host.cwd, paths);
  const rows = changes.map((change) => ({
    ...describe(change),
    signature: signatureOf(change, signers),
  }));
  if (options.json) {
    writeJson(host, { schema: "urn:mlsign:lineage-log:v1", changes: rows });
    return EXIT.accepted;
  }
  if (rows.length === 0) {
    say(host, "no commit changed any data that DVC tracks");
    return EXIT.accepted;
  }
  const head = ["committed (as written)", "commit", "author", "signature", "data", "version"];
  const body = rows.map((row) => [
    row.committedAt,
    row.commit.slice(0, 10),
    row.author,
    row.signature,
    row.path,
    `${short(row.before)} > ${short(row.after)}`,
  ]);
  host.out(`${table([head, ...body], host.columns)}\n`);
  return EXIT.accepted;
}

function describe({ commit, file, path, before, after }: DataChange) {
  const at = commit.committer.at;
  return {
    committedAt: Number.isNaN(at.getTime()) ? "?" : at.toISOString().slice(0, 16),
    commit: commit.oid,
    author: commit.author.email,
    committer: commit.committer.email,
    merge: commit.parents.length > 1,
    file,
    path,
    before: before ?? null,
    after: after ?? null,
  };
}

function signatureOf(
  { commit }: DataChange,
  signers: readonly AllowedSigner[] | undefined,
): string {
  if (signers === undefined) return commit.signature === undefined ? "none" : "not checked";
  const signature = verifyCommit(commit, { allowedSigners: signers });
  return signature.status === "good" ? (signature.principal ?? "") : signature.status;
}

function short(oid: string | null): string {
  return oid === null ? "(none)" : oid.slice(0, 8);
}
