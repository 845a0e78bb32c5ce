import type { GcsBucketFacts, S3BucketFacts } from "@mlsign/objects";
import test from "ava";
import { judgeBucket, judgeEndpoint } from "../src/index.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const POLICY = { now: NOW, requiredUntil: new Date("2027-02-20T12:00:00Z") };

const S3: S3BucketFacts = {
  provider: "s3",
  bucket: "ml-prod",
  lock: { kind: "value", value: { default: { mode: "COMPLIANCE", days: 365 } } },
  versioning: { kind: "value", value: { status: "Enabled", mfaDelete: false } },
  lifecycle: { kind: "none" },
  reads: [],
};
const METADATA = {
  retention: { seconds: 31_536_000, locked: true },
  objectRetention: false,
  versioning: false,
  softDeleteSeconds: 0,
  uniformAccess: true,
  deleteAfterDays: undefined,
};
const GCS: GcsBucketFacts = {
  provider: "gcs",
  bucket: "ml-prod",
  metadata: { kind: "value", value: METADATA },
  permissions: { kind: "value", value: ["storage.objects.delete"] },
  reads: [],
};
const gcs = (change: Partial<typeof METADATA>): GcsBucketFacts => ({
  ...GCS,
  metadata: { kind: "value", value: { ...METADATA, ...change } },
});

const ROWS: readonly [string, S3BucketFacts | GcsBucketFacts, string[]][] = [
  ["S3 with a default", S3, ["STO-062 overwrite-noticed"]],
  [
    "S3 without one",
    { ...S3, lock: { kind: "value", value: { default: undefined } } },
    ["STO-031 no-default-retention", "STO-062 overwrite-noticed"],
  ],
  [
    "S3 with one that is too short",
    { ...S3, lock: { kind: "value", value: { default: { mode: "COMPLIANCE", days: 30 } } } },
    ["STO-031 default-retention-short", "STO-062 overwrite-noticed"],
  ],
  ["S3 whose lock is off", { ...S3, lock: { kind: "none" } }, ["STO-062 overwrite-noticed"]],
  [
    "S3 with a lifecycle",
    { ...S3, lifecycle: { kind: "value", value: { noncurrentDays: 1 } } },
    ["STO-070 lifecycle-after-retention", "STO-062 overwrite-noticed"],
  ],
  ["GCS, locked", GCS, ["STO-062 overwrite-refused"]],
  ["GCS, locked, with versions", gcs({ versioning: true }), ["STO-062 overwrite-noticed"]],
  [
    "GCS, and a caller who can only create",
    { ...gcs({ versioning: true }), permissions: { kind: "value", value: [] } },
    ["STO-062 overwrite-needs-delete"],
  ],
  [
    "GCS without a policy",
    gcs({ retention: undefined as never }),
    ["STO-031 no-default-retention", "STO-062 overwrite-noticed"],
  ],
  [
    "GCS with a lifecycle",
    gcs({ deleteAfterDays: 400 as never }),
    ["STO-070 lifecycle-after-retention", "STO-062 overwrite-refused"],
  ],
  ["GCS that may not be read", { ...GCS, metadata: { kind: "denied", status: 403 } }, []],
];

for (const [state, facts, codes] of ROWS) {
  test(`judgeBucket() tells, and refuses nothing: ${state}`, (t) => {
    const reasons = judgeBucket(facts, POLICY);
    t.deepEqual(
      reasons.map(({ check, code }) => `${check} ${code}`),
      codes,
    );
    t.true(reasons.every(({ verdict }) => verdict === "protected"));
  });
}

test("judgeBucket() names the days that the date asks for", (t) => {
  const [reason] = judgeBucket(
    { ...S3, lock: { kind: "value", value: { default: undefined } } },
    POLICY,
  );
  t.true(reason?.fix?.includes('"Days":90'), reason?.fix);
});

for (const [endpoint, outcome] of [
  ["https://s3.example", "pass"],
  ["http://127.0.0.1:9000", "pass"],
  ["http://[::1]:9000", "pass"],
  ["http://localhost:9000", "pass"],
  ["http://s3.example", "fail"],
  ["http://127.0.0.1.evil.example", "fail"],
] as const) {
  test(`judgeEndpoint() of ${endpoint}: ${outcome}`, (t) => {
    const found = judgeEndpoint({ endpoint, sdk: "x" }, ["AWS_ENDPOINT_URL"]);
    t.is(found.outcome, outcome);
    t.deepEqual(found.evidence?.ignoredVariables, ["AWS_ENDPOINT_URL"]);
  });
}
