import type { ObjectVersion, S3BucketFacts, S3ObjectFacts } from "@mlsign/objects";
import test from "ava";
import { type Expectation, judge, type StorageVerdict } from "../src/index.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const REQUIRED = new Date("2027-02-20T00:00:00Z");
const FAR = "2027-11-22T12:00:00Z";
const MD5 = "3f2a9c0000000000000000000000beef";

const LOCKED: S3BucketFacts = {
  provider: "s3",
  bucket: "ml-prod",
  lock: { kind: "value", value: { default: undefined } },
  versioning: { kind: "value", value: { status: "Enabled", mfaDelete: false } },
  lifecycle: { kind: "none" },
  reads: [],
};
const OBJECT: S3ObjectFacts = {
  provider: "s3",
  key: "dvc/files/md5/3f/2a",
  head: {
    kind: "value",
    value: {
      versionId: "v1",
      size: 7,
      etag: MD5,
      md5: MD5,
      checksums: [],
      lastModified: "2026-11-01T00:00:00Z",
    },
  },
  retention: retention("COMPLIANCE", FAR),
  legalHold: { kind: "none" },
  versions: { kind: "value", value: [version("v1", true)] },
  reads: [],
};

interface Row {
  readonly state: string;
  readonly bucket?: Partial<S3BucketFacts>;
  readonly object?: Partial<S3ObjectFacts>;
  readonly expected?: Expectation;
  readonly verdict: StorageVerdict;
  readonly reasons: readonly string[];
}

const none = { kind: "none" } as const;
const denied = { kind: "denied", status: 403 } as const;

const ROWS: readonly Row[] = [
  {
    state: "1 lock off, versioning never on",
    bucket: { lock: none, versioning: versioning("Off") },
    object: { retention: none },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "versioning-never-enabled", "version-has-no-retention"],
  },
  {
    state: "2 versioning only",
    bucket: { lock: none },
    object: { retention: none },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "version-has-no-retention"],
  },
  {
    state: "3 versioning suspended",
    bucket: { lock: none, versioning: versioning("Suspended") },
    object: { retention: none },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "versioning-suspended", "version-has-no-retention"],
  },
  {
    state: "4 lock on, no rule, version without retention",
    object: { retention: none },
    verdict: "unprotected",
    reasons: ["version-has-no-retention"],
  },
  {
    state: "5 default added after the object was written",
    bucket: { lock: { kind: "value", value: { default: { mode: "COMPLIANCE", days: 365 } } } },
    object: { retention: none },
    verdict: "unprotected",
    reasons: ["version-has-no-retention"],
  },
  { state: "5b written after the default", verdict: "protected", reasons: [] },
  {
    state: "6 GOVERNANCE",
    object: { retention: retention("GOVERNANCE", FAR) },
    verdict: "weak",
    reasons: ["governance-mode-bypassable"],
  },
  {
    state: "7 30 days left, 90 wanted",
    object: { retention: retention("COMPLIANCE", "2026-12-22T12:00:00Z") },
    verdict: "weak",
    reasons: ["retention-ends-early"],
  },
  {
    state: "8 the pinned version is the latest",
    expected: { versionId: "v1", md5: MD5, size: 7 },
    verdict: "protected",
    reasons: [],
  },
  {
    state: "9 a newer version lies on top",
    object: { versions: { kind: "value", value: [version("v2", true), version("v1", false)] } },
    expected: { versionId: "v1" },
    verdict: "tampered",
    reasons: ["newer-version-shadows-pinned"],
  },
  {
    state: "9b the same, and nothing was pinned",
    object: {
      head: {
        kind: "value",
        value: {
          versionId: "v2",
          size: 7,
          etag: "other",
          md5: "00000000000000000000000000000000",
          checksums: [],
          lastModified: undefined,
        },
      },
      retention: none,
      versions: { kind: "value", value: [version("v2", true), version("v1", false)] },
    },
    expected: { md5: MD5 },
    verdict: "tampered",
    reasons: ["unpinned-key-has-older-versions", "etag-md5-differs", "version-has-no-retention"],
  },
  {
    state: "10 a delete marker on top",
    object: {
      versions: {
        kind: "value",
        value: [{ ...version("m", true), isMarker: true }, version("v1", false)],
      },
    },
    expected: { versionId: "v1" },
    verdict: "tampered",
    reasons: ["delete-marker-hides-object"],
  },
  {
    state: "11 a legal hold only",
    object: { retention: none, legalHold: { kind: "value", value: true } },
    verdict: "weak",
    reasons: ["legal-hold-only"],
  },
  {
    state: "12 a legal hold and GOVERNANCE",
    object: {
      retention: retention("GOVERNANCE", FAR),
      legalHold: { kind: "value", value: true },
    },
    verdict: "weak",
    reasons: ["governance-mode-bypassable", "legal-hold-beside"],
  },
  {
    state: "13 expired",
    object: { retention: retention("COMPLIANCE", "2026-11-22T12:00:00.900Z") },
    verdict: "unprotected",
    reasons: ["retention-expired"],
  },
  {
    state: "13b expired, with a legal hold",
    object: {
      retention: retention("COMPLIANCE", "2026-11-21T12:00:00Z"),
      legalHold: { kind: "value", value: true },
    },
    verdict: "weak",
    reasons: ["retention-expired", "legal-hold-only"],
  },
  {
    state: "14 the reader lacks permissions",
    bucket: { lock: denied, versioning: denied },
    object: { retention: denied, legalHold: denied },
    verdict: "unknown",
    reasons: [
      "lock-config-unreadable:403",
      "versioning-unreadable:403",
      "retention-unreadable:403",
    ],
  },
  {
    state: "15 the pinned version is gone",
    object: { head: none, retention: none, versions: { kind: "value", value: [] } },
    expected: { versionId: "v1" },
    verdict: "tampered",
    reasons: ["object-version-missing:404"],
  },
  {
    state: "18 the server ignores the lock API",
    bucket: { lock: { kind: "unsupported", how: "ignored" } },
    object: { retention: { kind: "unsupported", how: "ignored" } },
    verdict: "unprotected",
    reasons: ["object-lock-api-ignored", "version-has-no-retention"],
  },
  {
    state: "18b the server has no lock API",
    bucket: { lock: { kind: "unsupported", how: "refused" } },
    object: { retention: { kind: "unsupported", how: "refused" } },
    verdict: "unprotected",
    reasons: ["object-lock-api-unsupported", "version-has-no-retention"],
  },
  {
    state: "19 not pinned, several versions",
    object: { versions: { kind: "value", value: [version("v1", true), version("v0", false)] } },
    verdict: "weak",
    reasons: ["unpinned-key-has-older-versions"],
  },
  {
    state: "20 an event hold",
    object: {
      retention: {
        kind: "value",
        value: { mode: "COMPLIANCE", until: undefined, eventHoldDays: 400 },
      },
    },
    verdict: "weak",
    reasons: ["event-hold-releasable"],
  },
  {
    state: "a listing that may not be read hides what lies on top",
    object: { versions: denied },
    expected: { versionId: "v1" },
    verdict: "unknown",
    reasons: ["versions-unreadable:403"],
  },
  {
    state: "the size differs",
    expected: { size: 8 },
    verdict: "tampered",
    reasons: ["size-differs"],
  },
  {
    state: "a checksum of parts compares with nothing",
    object: {
      head: {
        kind: "value",
        value: {
          versionId: "v1",
          size: 7,
          etag: "x-2",
          md5: undefined,
          checksums: [{ algorithm: "SHA256", value: "AAAA", whole: false }],
          lastModified: undefined,
        },
      },
    },
    expected: { sha256: "00" },
    verdict: "protected",
    reasons: ["digest-not-comparable"],
  },
];

for (const { state, bucket, object, expected = {}, verdict, reasons } of ROWS) {
  test(`judge() of S3: ${state}: ${verdict}`, (t) => {
    const policy = { now: NOW, requiredUntil: REQUIRED };
    const result = judge({ ...LOCKED, ...bucket }, { ...OBJECT, ...object }, expected, policy);
    t.deepEqual(
      { verdict: result.verdict, reasons: result.reasons.map(({ code }) => code) },
      { verdict, reasons: [...reasons] },
    );
    for (const reason of result.reasons)
      if (reason.verdict !== "protected") t.truthy(reason.fix, reason.code);
  });
}

test("judge() quotes a key for the shell that runs the fix", (t) => {
  const key = "a b'$(id)";
  const { reasons } = judge(LOCKED, { ...OBJECT, key, retention: none }, {}, { now: NOW });
  t.true(reasons[0]?.fix?.includes(`--key 'a b'\\''$(id)' --version-id v1`));
});

function versioning(status: "Off" | "Suspended"): S3BucketFacts["versioning"] {
  return { kind: "value", value: { status, mfaDelete: false } };
}

function retention(mode: string, until: string): S3ObjectFacts["retention"] {
  return { kind: "value", value: { mode, until, eventHoldDays: undefined } };
}

function version(versionId: string, isLatest: boolean): ObjectVersion {
  return {
    versionId,
    isLatest,
    isMarker: false,
    size: 7,
    etag: MD5,
    lastModified: "2026-11-01T00:00:00Z",
  };
}
