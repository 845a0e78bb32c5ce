import { gzipSync } from "node:zlib";
import { type AuditEvent, readAuditLog } from "@mlsign/audit-log";
import test from "ava";
import fc from "fast-check";

const A = "a".repeat(40);
const B = "b".repeat(40);

function read(value: unknown): readonly AuditEvent[] {
  return readAuditLog(Buffer.from(JSON.stringify(value)), "log.json").events;
}

const entries: [what: string, entry: unknown, event: Partial<AuditEvent> | undefined][] = [
  [
    "GitHub's audit log",
    { action: "git.push", actor: "ana", "@timestamp": 1_700_000_000_000, repo: "org/repo" },
    { kind: "push", source: "github", actor: "ana", repository: "org/repo", after: undefined },
  ],
  ["GitHub's audit log of a fetch", { action: "git.fetch", "@timestamp": 1 }, undefined],
  [
    "GitHub's activity",
    {
      activity_type: "force_push",
      actor: { login: "bo" },
      timestamp: "2026-01-02T03:04:05Z",
      before: A,
      after: B,
      ref: "refs/heads/main",
    },
    { kind: "push", actor: "bo", before: A, after: B, ref: "refs/heads/main", forced: true },
  ],
  [
    "GitHub's activity of a deleted branch",
    { activity_type: "branch_deletion", timestamp: "2026-01-02T03:04:05Z", after: B },
    undefined,
  ],
  [
    "GitLab's push event",
    {
      action_name: "pushed to",
      created_at: "2026-01-02T03:04:05.000Z",
      author_username: "cy",
      push_data: { commit_from: "0".repeat(40), commit_to: B, ref: "main", ref_type: "branch" },
    },
    {
      kind: "push",
      source: "gitlab",
      actor: "cy",
      before: undefined,
      after: B,
      ref: "refs/heads/main",
    },
  ],
  [
    "GitLab's streamed audit event",
    {
      created_at: "2026-01-02T03:04:05Z",
      event_type: "repository_git_operation",
      entity_path: "org/repo",
      details: { author_name: "Di", custom_message: { action: "git-receive-pack" } },
    },
    { kind: "push", actor: "Di", repository: "org/repo", after: undefined },
  ],
  [
    "CloudTrail's write",
    {
      eventSource: "s3.amazonaws.com",
      eventName: "PutObject",
      eventTime: "2026-01-02T03:04:05Z",
      userIdentity: { arn: "arn:aws:iam::1:user/eve" },
      requestParameters: { bucketName: "b", key: "files/md5/ab/cd" },
      responseElements: { "x-amz-version-id": "v1" },
    },
    { kind: "upload", actor: "arn:aws:iam::1:user/eve", bucket: "b", versionId: "v1" },
  ],
  [
    "CloudTrail's refused write",
    {
      eventSource: "s3.amazonaws.com",
      eventName: "PutObject",
      eventTime: "2026-01-02T03:04:05Z",
      errorCode: "AccessDenied",
      requestParameters: { bucketName: "b", key: "k" },
    },
    undefined,
  ],
  [
    "CloudTrail's read",
    {
      eventSource: "s3.amazonaws.com",
      eventName: "GetObject",
      eventTime: "2026-01-02T03:04:05Z",
      requestParameters: { bucketName: "b", key: "k" },
    },
    undefined,
  ],
  [
    "Cloud Storage's write",
    {
      timestamp: "2026-01-02T03:04:05Z",
      protoPayload: {
        serviceName: "storage.googleapis.com",
        methodName: "storage.objects.create",
        authenticationInfo: { principalEmail: "fay@example.com" },
        resourceName: "projects/_/buckets/b/objects/dvc/files/md5/ab/cd",
      },
    },
    {
      kind: "upload",
      source: "gcs",
      actor: "fay@example.com",
      bucket: "b",
      key: "dvc/files/md5/ab/cd",
    },
  ],
  [
    "Cloud Storage's refused write",
    {
      timestamp: "2026-01-02T03:04:05Z",
      protoPayload: {
        serviceName: "storage.googleapis.com",
        methodName: "storage.objects.create",
        status: { code: 7 },
        resourceName: "projects/_/buckets/b/objects/k",
      },
    },
    undefined,
  ],
  [
    "an object resource",
    { name: "k", bucket: "b", generation: "17", timeCreated: "2026-01-02T03:04:05Z" },
    { kind: "version", key: "k", bucket: "b", versionId: "17" },
  ],
  ["something else", { hello: 1 }, undefined],
  ["a time that is none", { action: "git.push", actor: "ana", created_at: "soon" }, undefined],
];
for (const [what, entry, event] of entries) {
  test(`\`readAuditLog()\` reads ${what}`, (t) => {
    const { events, others } = readAuditLog(Buffer.from(JSON.stringify([entry])), "log.json");
    t.is(events.length, event === undefined ? 0 : 1);
    t.is(others, event === undefined ? 1 : 0);
    for (const [key, value] of Object.entries(event ?? {}))
      t.deepEqual((events[0] as unknown as Record<string, unknown>)[key], value, key);
  });
}

test("`readAuditLog()` takes lists, Records, versions, lines and gzip alike", (t) => {
  const entry = entries[6]?.[1];
  const text = JSON.stringify(entry);
  t.is(read(entry).length, 1);
  t.is(read({ Records: [entry, entry] }).length, 2);
  for (const bytes of [Buffer.from(`${text}\n\n${text}\n`), gzipSync(`[${text},${text}]`)])
    t.is(readAuditLog(bytes, "log").events.length, 2);
  const listed = read({
    Versions: [
      { Key: "k", VersionId: "1", LastModified: "2026-01-02T03:04:05Z", Owner: { ID: "o" } },
    ],
    DeleteMarkers: [{ Key: "k", VersionId: "2", LastModified: "2026-01-03T03:04:05Z" }],
  });
  t.deepEqual(
    listed.map(({ kind, actor }) => [kind, actor]),
    [
      ["version", "o"],
      ["delete", undefined],
    ],
  );
});

test("`readAuditLog()` refuses what is damaged: what it said is lost", (t) => {
  for (const bytes of [
    Buffer.from("{}\n{"),
    Buffer.from([0xff, 0xfe]),
    Buffer.concat([gzipSync("{}").subarray(0, 12)]),
    Buffer.from('{"a":1,"a":2}'),
  ]) {
    t.throws(() => readAuditLog(bytes, "log"), { code: "json-invalid" });
  }
  const bomb = gzipSync(Buffer.alloc(257 * 1024 * 1024));
  t.throws(() => readAuditLog(bomb, "log"), { code: "limit-exceeded" });
});

test("`readAuditLog()` never breaks on any JSON", (t) => {
  const keys = ["action", "Records", "Versions", "push_data", "protoPayload", "created_at", "Key"];
  const hostile = fc.array(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 })), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(hostile, (value) => {
      t.notThrows(() => read(value));
    }),
  );
});
