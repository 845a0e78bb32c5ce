import { type AuditEvent, type ObjectEvent, type PushEvent } from "@mlsign/audit-log";
import { byUtf8 } from "@mlsign/core";
import { remoteKey } from "@mlsign/dvc";
import type { DataChange } from "./data-history.ts";

/** A change of data with what logs say of it: who pushed the commit, who uploaded the bytes. */
export interface WitnessedChange {
  readonly change: DataChange;
  /** The first push that brought the commit; `undefined` where no log names one. */
  readonly push: PushEvent | undefined;
  /** Every write of the object that `after` names, and every version of it, oldest first. */
  readonly objects: readonly ObjectEvent[];
  /** What does not fit, in words. */
  readonly oddities: readonly string[];
}

export interface JoinOptions {
  /** The commits that a push brought: those that lead to `after` and not to `before`. */
  commitsOf(push: PushEvent): Promise<ReadonlySet<string>>;
}

/**
 * Joins git's history of the data with the logs of forge and bucket, by commit and by the name that
 * DVC gives an object. Logs are their keepers' word, and a log that is silent proves nothing.
 */
export async function joinAudit(
  changes: readonly DataChange[],
  events: readonly AuditEvent[],
  options: JoinOptions,
): Promise<WitnessedChange[]> {
  const pushes = await firstPushes(changes, events, options);
  const objects = byObject(events);
  const firstCommitted = new Map<string, Date>();
  for (const { after, commit } of changes) {
    const known = after === undefined ? undefined : firstCommitted.get(after);
    if (after === undefined || (known !== undefined && known <= commit.committer.at)) continue;
    firstCommitted.set(after, commit.committer.at);
  }
  return changes.map((change) => {
    const { after } = change;
    const found = after === undefined ? [] : (objects.get(after) ?? []);
    const committed = after === undefined ? undefined : firstCommitted.get(after);
    return {
      change,
      push: pushes.get(change.commit.oid),
      objects: found,
      oddities: odditiesOf(found, committed),
    };
  });
}

/** The earliest push that brought each commit. Later ones (another branch) say nothing of whence it came. */
async function firstPushes(
  changes: readonly DataChange[],
  events: readonly AuditEvent[],
  options: JoinOptions,
): Promise<Map<string, PushEvent>> {
  const wanted = new Set(changes.map(({ commit }) => commit.oid));
  const pushes = events
    .filter((event) => event.kind === "push")
    .filter(({ after }) => after !== undefined)
    .toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const first = new Map<string, PushEvent>();
  for (const push of pushes.slice(0, MOST_PUSHES)) {
    if (first.size === wanted.size) break;
    for (const oid of await options.commitsOf(push)) {
      if (wanted.has(oid) && !first.has(oid)) first.set(oid, push);
    }
  }
  return first;
}

/** Objects by the DVC hash in their key: `…/files/md5/ab/cdef…`, and DVC 2's `…/ab/cdef…`. */
function byObject(events: readonly AuditEvent[]): Map<string, ObjectEvent[]> {
  const objects = new Map<string, ObjectEvent[]>();
  for (const event of events) {
    if (event.kind === "push") continue;
    const oid = oidOf(event.key);
    if (oid === undefined) continue;
    objects.set(oid, [...(objects.get(oid) ?? []), event]);
  }
  for (const list of objects.values()) {
    list.sort((a, b) => a.at.getTime() - b.at.getTime() || byUtf8(a.source, b.source));
  }
  return objects;
}

function oidOf(key: string): string | undefined {
  const match = /(?:^|\/)([0-9a-f]{2})\/([0-9a-f]{30}(?:\.dir)?)$/.exec(key);
  if (match === null) return undefined;
  const oid = `${match[1]}${match[2]}`;
  // The key must be one that DVC would write, not just end in such digits.
  const own = [remoteKey(oid, "md5"), remoteKey(oid, "md5-dos2unix")];
  return own.some((name) => key === name || key.endsWith(`/${name}`)) ? oid : undefined;
}

/** An object is named by its content: it is written once, before the commit that names it. */
function odditiesOf(objects: readonly ObjectEvent[], committed: Date | undefined): string[] {
  const written = objects.filter(({ kind }) => kind !== "delete");
  const versions = new Set(written.flatMap(({ versionId }) => versionId ?? []));
  const oddities: string[] = [];
  if (versions.size > 1) oddities.push(`${versions.size} versions of one object`);
  if (objects.some(({ kind }) => kind === "delete")) oddities.push("deleted");
  const last = written.at(-1)?.at;
  if (last !== undefined && committed !== undefined) {
    const days = Math.floor((last.getTime() - committed.getTime()) / DAY_MS);
    if (days >= LATE_DAYS) oddities.push(`written ${days} days after the commit`);
  }
  return oddities;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** `dvc push` runs with `git push`: what comes later needs a reason. */
const LATE_DAYS = 2;
const MOST_PUSHES = 10_000;
