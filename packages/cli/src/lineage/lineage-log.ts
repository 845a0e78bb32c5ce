import { EXIT, type JsonObject, type JsonValue } from "@mlsign/core";
import { type CommitTrust, verifyCommit } from "@mlsign/git";
import { type DataChange, dataHistory, joinAudit, type WitnessedChange } from "@mlsign/lineage";
import { table } from "@mlsign/report";
import type { Host } from "../host.ts";
import { type CommitTrustFlags, withCommitTrust } from "../options/commit-trust-options.ts";
import { say, writeJson } from "../terminal/output.ts";
import { auditEvents, pushedCommits } from "./audit-logs.ts";

export interface LogOptions extends CommitTrustFlags {
  readonly auditLog?: readonly string[];
  readonly json?: boolean;
}

/** Prints who committed which version of the data, newest first; with logs, who pushed and uploaded it. */
export async function logLineage(
  paths: readonly string[],
  options: LogOptions,
  host: Host,
): Promise<number> {
  const { auditLog } = options;
  const events = auditEvents(auditLog ?? [], host);
  const changes = await dataHistory(host.cwd, paths);
  const signatures = await withCommitTrust(options, host, (trust) => signaturesOf(changes, trust));
  const witnessed = await joinAudit(changes, events, {
    commitsOf: (push) => pushedCommits(push, host.cwd),
  });
  const rows = witnessed.map((row) => ({
    ...describe(row.change),
    signature: signatures.get(row.change.commit.oid) ?? "",
    ...(auditLog !== undefined && { audit: describeAudit(row) }),
  }));
  if (options.json) {
    writeJson(host, { schema: "urn:mlsign:lineage-log:v1", changes: rows });
    return EXIT.accepted;
  }
  if (rows.length === 0) {
    say(host, "no commit changed any data that DVC tracks");
    return EXIT.accepted;
  }
  const head = ["committed at", "commit", "author", "signature", "data", "version"];
  const body = rows.map((row) => [
    row.committedAt,
    row.commit.slice(0, 10),
    row.author,
    row.signature,
    row.path,
    `${short(row.before)} > ${short(row.after)}`,
  ]);
  host.out(`${table([head, ...body], host.columns)}\n`);
  if (auditLog !== undefined) host.out(`\n${auditTable(witnessed, host.columns)}\n`);
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

function describeAudit({ push, objects, oddities }: WitnessedChange): JsonObject {
  const said = (event: { actor: string | undefined; at: Date; source: string }) => ({
    actor: event.actor ?? null,
    at: event.at.toISOString(),
    source: event.source,
  });
  return {
    push: push === undefined ? null : { ...said(push), ref: push.ref ?? null, forced: push.forced },
    objects: objects.map((event): JsonValue => ({
      ...said(event),
      kind: event.kind,
      bucket: event.bucket ?? null,
      key: event.key,
      versionId: event.versionId ?? null,
    })),
    oddities: [...oddities],
  };
}

/** What the logs say, a line a change: who pushed the commit, who wrote the object, and what is odd. */
function auditTable(rows: readonly WitnessedChange[], columns: number): string {
  const head = ["commit", "pushed by", "data", "written by", "odd"];
  const body = rows.map(({ change, push, objects, oddities }) => {
    const [first] = objects.filter(({ kind }) => kind === "upload");
    const [version] = objects.filter(({ kind }) => kind === "version");
    return [
      change.commit.oid.slice(0, 10),
      push === undefined ? "?" : spoken(push),
      change.path,
      first === undefined ? (version === undefined ? "?" : spoken(version)) : spoken(first),
      oddities.join("; "),
    ];
  });
  return table([head, ...body], columns);
}

function spoken({ actor, at, source }: { actor: string | undefined; at: Date; source: string }) {
  return `${actor ?? "?"} ${at.toISOString().slice(0, 16)} (${source})`;
}

/** One commit may change many files: each signature is checked once. */
async function signaturesOf(
  changes: readonly DataChange[],
  trust: CommitTrust | undefined,
): Promise<Map<string, string>> {
  const signatures = new Map<string, string>();
  for (const { commit } of changes) {
    if (signatures.has(commit.oid)) continue;
    if (trust === undefined) {
      signatures.set(commit.oid, commit.signature === undefined ? "none" : "not checked");
      continue;
    }
    const { status, principal } = await verifyCommit(commit, trust);
    signatures.set(commit.oid, status === "good" ? (principal ?? "") : status);
  }
  return signatures;
}

function short(oid: string | null): string {
  return oid === null ? "(none)" : oid.slice(0, 8);
}
