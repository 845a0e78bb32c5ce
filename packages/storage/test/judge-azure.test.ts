import type { AzureBucketFacts, AzureObjectFacts } from "@mlsign/objects";
import test from "ava";
import { type Expectation, judge, type StorageVerdict } from "../src/index.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const REQUIRED = new Date("2027-02-20T00:00:00Z");
const FAR = "2027-11-22T12:00:00Z";

interface Flags {
  readonly policy?: boolean;
  readonly containerHold?: boolean;
  readonly versionLevel?: boolean;
  readonly denied?: boolean;
  readonly missing?: boolean;
  readonly retention?: { readonly mode: string; readonly until: string };
  readonly legalHold?: boolean;
  readonly live?: string;
}
type Row = readonly [
  state: string,
  flags: Flags,
  expected: Expectation,
  verdict: StorageVerdict,
  reasons: readonly string[],
];

const ROWS: readonly Row[] = [
  ["nothing retains it", {}, {}, "unprotected", ["no-retention"]],
  ["locked", { retention: { mode: "Locked", until: FAR } }, { versionId: "1" }, "protected", []],
  [
    "locked, and ends early",
    { retention: { mode: "Locked", until: "2026-12-22T12:00:00Z" } },
    {},
    "weak",
    ["retention-ends-early"],
  ],
  [
    "unlocked",
    { retention: { mode: "Unlocked", until: FAR } },
    {},
    "weak",
    ["blob-policy-unlocked"],
  ],
  [
    "expired",
    { retention: { mode: "Locked", until: "2026-11-01T00:00:00Z" } },
    {},
    "unprotected",
    ["retention-expired"],
  ],
  ["a container's policy", { policy: true }, {}, "weak", ["container-policy-lock-unknown"]],
  [
    "a container that lets versions have policies, and this one has none",
    { policy: true, versionLevel: true },
    {},
    "unprotected",
    ["no-retention"],
  ],
  ["a legal hold only", { legalHold: true }, {}, "weak", ["legal-hold-only"]],
  ["a container's legal hold only", { containerHold: true }, {}, "weak", ["legal-hold-only"]],
  ["gone", { missing: true }, { versionId: "1" }, "tampered", ["object-version-missing:404"]],
  [
    "a newer version on top",
    { live: "2", retention: { mode: "Locked", until: FAR } },
    { versionId: "1" },
    "tampered",
    ["newer-version-shadows-pinned"],
  ],
  ["the container may not be read", { denied: true }, {}, "unknown", ["container-unreadable:403"]],
];

for (const [state, flags, expected, verdict, reasons] of ROWS) {
  test(`judge() of Azure: ${state}: ${verdict}`, (t) => {
    const policy = { now: NOW, requiredUntil: REQUIRED };
    const result = judge(bucketOf(flags), objectOf(flags), expected, policy);
    t.deepEqual(
      { verdict: result.verdict, reasons: result.reasons.map(({ code }) => code) },
      { verdict, reasons: [...reasons] },
    );
    for (const { fix, code } of result.reasons) t.truthy(fix, code);
  });
}

function bucketOf(flags: Flags): AzureBucketFacts {
  return {
    provider: "azure",
    bucket: "models",
    container:
      flags.denied === true
        ? { kind: "denied", status: 403 }
        : {
            kind: "value",
            value: {
              policy: flags.policy ?? false,
              legalHold: flags.containerHold ?? false,
              versionLevel: flags.versionLevel ?? false,
            },
          },
    reads: [],
  };
}

function objectOf(flags: Flags): AzureObjectFacts {
  const { live = "1" } = flags;
  const version = (versionId: string) => ({
    versionId,
    isLatest: versionId === live,
    isMarker: false,
    size: 7,
    etag: "x",
    lastModified: undefined,
  });
  return {
    provider: "azure",
    key: "m/a.bin",
    head:
      flags.missing === true
        ? { kind: "none" }
        : {
            kind: "value",
            value: {
              versionId: "1",
              size: 7,
              etag: "x",
              md5: undefined,
              checksums: [],
              lastModified: undefined,
              noncurrent: live !== "1",
              retention: flags.retention,
              legalHold: flags.legalHold ?? false,
            },
          },
    versions: { kind: "value", value: [version(live), ...(live === "1" ? [] : [version("1")])] },
    reads: [],
  };
}
