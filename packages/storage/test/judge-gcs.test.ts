import type { GcsBucketFacts, GcsObjectFacts } from "@mlsign/objects";
import test from "ava";
import { type Expectation, judge, type StorageVerdict } from "../src/index.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const REQUIRED = new Date("2027-02-20T00:00:00Z");
const FAR = "2027-11-22T12:00:00Z";
const NEAR = "2026-12-22T12:00:00Z";
const YEAR = 31_536_000;
const PINNED: Expectation = { versionId: "17" };

interface BucketFlags {
  readonly policy?: "locked" | "unlocked";
  readonly versioning?: boolean;
  readonly softDelete?: boolean;
  readonly permissions?: readonly string[];
  readonly denied?: boolean;
}
interface ObjectFlags {
  readonly expires?: string;
  readonly retention?: { readonly mode: string; readonly until: string };
  readonly temporaryHold?: boolean;
  readonly eventBasedHold?: boolean;
  readonly noncurrent?: boolean;
  readonly missing?: boolean;
  readonly softDeleted?: boolean;
  readonly live?: string | undefined;
  readonly md5?: string;
}
type Row = readonly [
  state: string,
  bucket: BucketFlags,
  object: ObjectFlags,
  expected: Expectation,
  verdict: StorageVerdict,
  reasons: readonly string[],
];

const ROWS: readonly Row[] = [
  ["nothing retains it", {}, {}, {}, "unprotected", ["no-retention"]],
  ["soft delete only", { softDelete: true }, {}, {}, "unprotected", ["recoverable-not-immutable"]],
  ["versioning only", { versioning: true }, {}, {}, "unprotected", ["versioning-only"]],
  [
    "an unlocked policy",
    { policy: "unlocked" },
    { expires: FAR },
    {},
    "weak",
    ["bucket-policy-unlocked"],
  ],
  ["a locked policy", { policy: "locked" }, { expires: FAR }, PINNED, "protected", []],
  [
    "a locked policy and versioning, the pinned one is live",
    { policy: "locked", versioning: true },
    { expires: FAR },
    PINNED,
    "protected",
    ["key-rebindable"],
  ],
  [
    "the same, another generation is live",
    { policy: "locked", versioning: true },
    { expires: FAR, live: "18", noncurrent: true },
    PINNED,
    "tampered",
    ["newer-generation-shadows-pinned", "key-rebindable"],
  ],
  [
    "the pinned generation is gone",
    { policy: "locked" },
    { missing: true },
    PINNED,
    "tampered",
    ["generation-missing"],
  ],
  [
    "the pinned generation is noncurrent, and none is live",
    { policy: "locked" },
    { expires: FAR, noncurrent: true, live: undefined },
    PINNED,
    "tampered",
    ["generation-noncurrent"],
  ],
  [
    "the pinned generation is soft-deleted",
    { policy: "locked" },
    { missing: true, softDeleted: true },
    PINNED,
    "tampered",
    ["generation-soft-deleted"],
  ],
  [
    "a locked policy that ends early",
    { policy: "locked" },
    { expires: NEAR },
    {},
    "weak",
    ["retention-ends-early"],
  ],
  [
    "locked object retention",
    {},
    { retention: { mode: "Locked", until: FAR } },
    {},
    "protected",
    [],
  ],
  [
    "unlocked object retention",
    {},
    { retention: { mode: "Unlocked", until: FAR } },
    {},
    "weak",
    ["object-retention-unlocked"],
  ],
  [
    "the stronger of two retentions holds",
    { policy: "unlocked" },
    { expires: FAR, retention: { mode: "Locked", until: FAR } },
    {},
    "protected",
    [],
  ],
  ["a temporary hold only", {}, { temporaryHold: true }, {}, "weak", ["hold-only"]],
  ["an event-based hold only", {}, { eventBasedHold: true }, {}, "weak", ["hold-only"]],
  [
    "an event-based hold and a locked policy",
    { policy: "locked" },
    { eventBasedHold: true },
    {},
    "protected",
    [],
  ],
  [
    "older than the policy's period",
    { policy: "locked" },
    { expires: "2026-11-01T00:00:00Z" },
    {},
    "unprotected",
    ["retention-expired"],
  ],
  ["buckets.get is refused", { denied: true }, {}, {}, "unknown", ["bucket-metadata-unreadable"]],
  [
    "buckets.get is refused, and the object says that it is retained",
    { denied: true },
    { expires: FAR },
    {},
    "weak",
    ["bucket-policy-lock-unknown"],
  ],
  [
    "other bytes",
    { policy: "locked" },
    { expires: FAR, md5: "aa" },
    { md5: "bb" },
    "tampered",
    ["etag-md5-differs"],
  ],
  [
    "the caller may undo it",
    { policy: "unlocked", permissions: ["storage.objects.delete", "storage.buckets.update"] },
    { expires: FAR },
    {},
    "weak",
    ["bucket-policy-unlocked", "pipeline-can-remove-retention"],
  ],
];

for (const [state, bucket, object, expected, verdict, reasons] of ROWS) {
  test(`judge() of GCS: ${state}: ${verdict}`, (t) => {
    const policy = { now: NOW, requiredUntil: REQUIRED };
    const result = judge(bucketOf(bucket), objectOf(object), expected, policy);
    t.deepEqual(
      { verdict: result.verdict, reasons: result.reasons.map(({ code }) => code) },
      { verdict, reasons: [...reasons] },
    );
  });
}

function bucketOf(flags: BucketFlags): GcsBucketFacts {
  const { policy } = flags;
  return {
    provider: "gcs",
    bucket: "ml-prod",
    metadata:
      flags.denied === true
        ? { kind: "denied", status: 403 }
        : {
            kind: "value",
            value: {
              retention: policy && { seconds: YEAR, locked: policy === "locked" },
              objectRetention: false,
              versioning: flags.versioning ?? false,
              softDeleteSeconds: flags.softDelete === true ? 604_800 : 0,
              uniformAccess: true,
              deleteAfterDays: undefined,
            },
          },
    permissions: { kind: "value", value: flags.permissions ?? [] },
    reads: [],
  };
}

function objectOf(flags: ObjectFlags): GcsObjectFacts {
  const live = "live" in flags ? flags.live : "17";
  return {
    provider: "gcs",
    key: "m/model.bin",
    head:
      flags.missing === true
        ? { kind: "none" }
        : {
            kind: "value",
            value: {
              versionId: "17",
              size: 7,
              etag: "x",
              md5: flags.md5,
              checksums: [],
              lastModified: undefined,
              noncurrent: flags.noncurrent ?? false,
              retention: flags.retention,
              expires: flags.expires,
              temporaryHold: flags.temporaryHold ?? false,
              eventBasedHold: flags.eventBasedHold ?? false,
            },
          },
    live: live === undefined ? { kind: "none" } : { kind: "value", value: live },
    softDeleted: { kind: "value", value: flags.softDeleted ?? false },
    reads: [],
  };
}
