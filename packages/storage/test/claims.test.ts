import type { JsonValue } from "@mlsign/core";
import test from "ava";
import fc from "fast-check";
import { pinsPredicate, readPins, STORAGE_CHECK, storageClaim } from "../src/index.ts";

const OBJECTS = { tampered: 0, unprotected: 0, unknown: 0, weak: 0, protected: 3 };
const LOCATION = {
  url: "s3://models/prod",
  endpoint: "https://s3.example",
  sdk: "x@1",
  storage: "protected",
  objects: OBJECTS,
} as const;
const OPTIONS = {
  verdict: "accepted",
  requiredUntil: new Date("2027-02-20T00:00:00Z"),
  drill: { shorten: true, canary: false },
  at: new Date("2026-11-22T12:00:00Z"),
  evidence: { lines: 3, sha256: "a".repeat(64) },
} as const;

test("storageClaim() is a test result that names the date, the drills and the evidence", (t) => {
  const claim = storageClaim([LOCATION], OPTIONS);
  t.is(claim?.predicateType, "https://in-toto.io/attestation/test-result/v0.1");
  t.like(claim?.predicate, {
    result: "PASSED",
    passedTests: ["s3://models/prod"],
    failedTests: [],
    warnedTests: [],
  });
  const configuration = claim?.predicate.configuration;
  t.deepEqual(Array.isArray(configuration) ? configuration[0] : undefined, {
    uri: STORAGE_CHECK,
    annotations: {
      requiredUntil: "2027-02-20T00:00:00.000Z",
      drill: { shorten: true, canary: false },
      checkedAt: "2026-11-22T12:00:00.000Z",
    },
  });
});

test("storageClaim() says what failed, and nothing where nothing was decided", (t) => {
  const weak = { ...LOCATION, storage: "weak" } as const;
  t.like(storageClaim([LOCATION, weak], { ...OPTIONS, verdict: "refused" })?.predicate, {
    result: "FAILED",
    failedTests: ["s3://models/prod"],
  });
  for (const verdict of ["undecided", "defect"] as const)
    t.is(storageClaim([LOCATION], { ...OPTIONS, verdict }), undefined);
});

const object = fc.record({
  path: fc.string(),
  key: fc.string(),
  versionId: fc.string(),
  size: fc.nat(),
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  checksums: fc.dictionary(fc.stringMatching(/^[A-Z0-9]{1,9}$/), fc.string()),
});

test("readPins() reads what pinsPredicate() wrote", (t) => {
  fc.assert(
    fc.property(fc.string(), fc.array(object, { maxLength: 5 }), (remote, objects) => {
      const predicate = JSON.parse(JSON.stringify(pinsPredicate({ remote, objects }))) as JsonValue;
      t.deepEqual(
        JSON.parse(JSON.stringify(readPins(predicate))),
        JSON.parse(JSON.stringify({ remote, objects })),
      );
    }),
  );
});

const GOOD = {
  path: "a",
  key: "p/a",
  versionId: "v",
  size: 1,
  digest: { sha256: "a".repeat(64) },
  checksums: {},
};
for (const [what, predicate] of [
  ["no object", null],
  ["no remote", { objects: [] }],
  ["no list", { remote: "s3://x", objects: {} }],
  ["no digest", { remote: "s3://x", objects: [{ ...GOOD, digest: {} }] }],
  ["another digest", { remote: "s3://x", objects: [{ ...GOOD, digest: { sha256: "A" } }] }],
  ["no version", { remote: "s3://x", objects: [{ ...GOOD, versionId: 1 }] }],
  ["a negative size", { remote: "s3://x", objects: [{ ...GOOD, size: -1 }] }],
  ["a checksum that is no text", { remote: "s3://x", objects: [{ ...GOOD, checksums: { A: 1 } }] }],
] as [string, JsonValue][]) {
  test(`readPins() refuses ${what}`, (t) => {
    t.throws(() => readPins(predicate), { code: "manifest-invalid" });
  });
}
