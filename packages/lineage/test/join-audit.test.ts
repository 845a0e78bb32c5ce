import type { AuditEvent, ObjectEvent, PushEvent } from "@mlsign/audit-log";
import { type DataChange, joinAudit } from "@mlsign/lineage";
import test from "ava";

const OID = "ab".repeat(16);
const COMMIT = "c".repeat(40);

function change(after: string | undefined, oid = COMMIT): DataChange {
  const person = { name: "Ana", email: "ana@example.com", at: new Date("2026-01-10T00:00:00Z") };
  const commit = { oid, author: person, committer: person } as DataChange["commit"];
  return { commit, file: "data.dvc", path: "data", before: undefined, after };
}

function push(actor: string, at: string, after: string | undefined = COMMIT): PushEvent {
  const source = "github";
  const none = { repository: undefined, ref: undefined, before: undefined, forced: false };
  return { kind: "push", source, actor, at: new Date(at), after, ...none };
}

function object(key: string, more: Partial<ObjectEvent> = {}): ObjectEvent {
  const at = new Date("2026-01-09T00:00:00Z");
  const said = { kind: "upload", source: "cloudtrail", actor: "eve", at } as const;
  return { ...said, bucket: "b", key, versionId: "1", ...more };
}

async function join(changes: DataChange[], events: AuditEvent[], commits = [COMMIT]) {
  return joinAudit(changes, events, { commitsOf: async () => new Set(commits) });
}

test("joinAudit() names the first push that brought a commit", async (t) => {
  const events = [
    push("late", "2026-01-12"),
    push("first", "2026-01-11"),
    push("blind", "2026-01-01", undefined),
  ];
  const blind = { ...events[2], after: undefined } as PushEvent;
  const [row] = await join([change(OID)], [events[0]!, events[1]!, blind]);
  t.is(row?.push?.actor, "first", "a push that names no commit is joined with none");
  const [none] = await join([change(OID)], events.slice(0, 2), ["d".repeat(40)]);
  t.is(none?.push, undefined);
});

const keys: [string, boolean][] = [
  [`files/md5/ab/${OID.slice(2)}`, true],
  [`prefix/files/md5/ab/${OID.slice(2)}`, true],
  [`ab/${OID.slice(2)}`, true],
  [`files/md5/ab/${OID.slice(2)}x`, false],
  [`files/md5/xab/${OID.slice(2)}`, false],
  [`files/md5/ab/${OID.slice(2).toUpperCase()}`, false],
];
for (const [key, found] of keys) {
  test(`joinAudit() takes ${key} for ${found ? "the" : "no"} object of the data`, async (t) => {
    const [row] = await join([change(OID)], [object(key)]);
    t.is(row?.objects.length, found ? 1 : 0);
  });
}

test("joinAudit() tells a directory's object from a file's", async (t) => {
  const key = `files/md5/ab/${OID.slice(2)}.dir`;
  t.is((await join([change(OID)], [object(key)]))[0]?.objects.length, 0);
  t.is((await join([change(`${OID}.dir`)], [object(key)]))[0]?.objects.length, 1);
});

test("joinAudit() tells what does not fit: versions, deletions, late writes", async (t) => {
  const key = `files/md5/ab/${OID.slice(2)}`;
  const odd = async (...events: AuditEvent[]) => (await join([change(OID)], events))[0]?.oddities;
  t.deepEqual(await odd(object(key)), []);
  t.deepEqual(
    await odd(object(key), object(key, { source: "object-versions", kind: "version" })),
    [],
  );
  t.deepEqual(await odd(object(key), object(key, { versionId: "2" })), [
    "2 versions of one object",
  ]);
  t.deepEqual(await odd(object(key, { kind: "delete" })), ["deleted"]);
  t.deepEqual(await odd(object(key, { at: new Date("2026-02-10T00:00:00Z") })), [
    "written 31 days after the commit",
  ]);
  const removed = await join([change(undefined)], [object(key)]);
  t.deepEqual(removed[0]?.objects, [], "a change that removed the data names no object");
});
