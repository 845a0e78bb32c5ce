import { decide } from "@mlsign/core";
import {
  approvalPredicate,
  approvalProperty,
  checkSummary,
  evidenceFact,
  lineageFact,
  summaryPredicate,
} from "@mlsign/gate";
import type { LineageClaim, LineageFacts } from "@mlsign/lineage";
import test from "ava";

const AT = new Date("2026-11-24T10:00:00.123Z");
const VALID = { status: "valid", trust: undefined, result: undefined } as const;
const TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1";
const RESOURCE = "urn:mlsign:target:prod";

const summary = () =>
  summaryPredicate({
    version: "1.0.0",
    at: AT,
    resourceUri: RESOURCE,
    policy: { uri: "prod.yaml", sha256: "a".repeat(64) },
    inputs: [{ uri: "model.sig", sha256: "b".repeat(64) }],
    passed: true,
    levels: ["MLSIGN_PROMOTED_PROD", "MLSIGN_SIGNED"],
  });
const EXPECTED = {
  resourceUri: RESOURCE,
  level: "MLSIGN_PROMOTED_PROD",
  now: new Date("2026-11-25T10:00:00Z"),
  time: "2026-11-24T10:00:00Z",
  maxAge: 86_400_000,
};

test("checkSummary() lets in what was promoted here, and not too long ago", (t) => {
  t.is(decide(checkSummary(summary(), EXPECTED)), "accepted");
  t.is(summary().timeVerified, "2026-11-24T10:00:00Z");
});

const REFUSED: readonly (readonly [string, object, object])[] = [
  ["a failed promotion", { verificationResult: "FAILED" }, {}],
  ["a summary for staging", { resourceUri: "urn:mlsign:target:staging" }, {}],
  ["another verifier's", { verifier: { id: "https://evil.example" } }, {}],
  ["no level", { verifiedLevels: [] }, {}],
  ["a level that only begins alike", { verifiedLevels: ["MLSIGN_PROMOTED_PROD_EU"] }, {}],
  ["an old one", {}, { now: new Date("2026-11-25T10:00:01Z") }],
  ["one without a trusted time, where its age counts", {}, { time: undefined }],
];
for (const [what, change, wanted] of REFUSED) {
  test(`checkSummary() refuses ${what}`, (t) => {
    t.is(decide(checkSummary({ ...summary(), ...change }, { ...EXPECTED, ...wanted })), "refused");
  });
}

test("checkSummary() refuses what is no summary", (t) => {
  for (const value of [null, [], "x", {}]) t.is(decide(checkSummary(value, EXPECTED)), "refused");
});

test("summaryPredicate() of a failure claims no level", (t) => {
  const failed = summaryPredicate({
    version: "1.0.0",
    at: AT,
    resourceUri: RESOURCE,
    policy: { uri: "p", sha256: "a".repeat(64) },
    inputs: [],
    passed: false,
    levels: ["MLSIGN_SIGNED"],
  });
  t.deepEqual(failed.verifiedLevels, ["FAILED"]);
});

test("evidenceFact() tells checks apart by their configuration, and takes no result that is none", (t) => {
  const of = (uri: string, result: string) =>
    evidenceFact(
      "x",
      { predicateType: TEST_RESULT, predicate: { result, configuration: [{ uri }] } },
      VALID,
    );
  t.is(of("urn:mlsign:check:scan:v1", "PASSED").type, "scan");
  t.is(of("urn:mlsign:check:deps:v1", "PASSED").type, "dependencies");
  t.is(of("urn:mlsign:check:storage:v1", "PASSED").type, "storage");
  t.is(of("urn:example:eval", "PASSED").type, "test");
  t.is(of("urn:example:eval", "passed").result, undefined);
  const approval = {
    predicateType: "https://in-toto.io/attestation/svr/v0.2",
    predicate: approvalPredicate("staging-eu", AT),
  };
  t.deepEqual(evidenceFact("x", approval, VALID).properties, [approvalProperty("staging-eu")]);
  t.is(approvalProperty("staging-eu"), "MLSIGN_APPROVED_STAGING_EU");
  t.is(evidenceFact("x", { predicateType: "urn:x:y", predicate: [] }, VALID).type, "statement");
});

const CLAIM: LineageClaim = {
  commits: [
    {
      uri: "git+https://git.example/org/repo.git@refs/heads/main",
      commit: "1".repeat(40),
      tree: undefined,
      clean: true,
    },
  ],
  datasets: [
    {
      path: "data",
      role: "dataset",
      oid: "2".repeat(32),
      sha256: "3".repeat(64),
      dirHash1: undefined,
      algorithm: "md5",
      file: "data.dvc",
      pins: [],
    },
  ],
  dataFiles: [],
  containers: [
    {
      uri: "pkg:oci/train@sha256%3Ax?repository_url=registry.example%2Forg%2Ftrain",
      digest: `sha256:${"4".repeat(64)}`,
    },
  ],
  locks: [],
  baseModels: [],
  builder: "b",
  invocation: undefined,
};
const live = (source?: Partial<NonNullable<LineageFacts["source"]>>): LineageFacts => ({
  source: source && {
    remote: undefined,
    ref: undefined,
    commit: "1".repeat(40),
    tree: "5".repeat(40),
    clean: undefined,
    shallow: false,
    signature: { kind: "ssh", status: "good", why: "" },
    ...source,
  },
  datasets: [],
  container: undefined,
  locks: [],
  baseModels: [],
  run: undefined,
  missing: [],
});

test("lineageFact() takes a claim apart, and knows nothing that nobody looked at", (t) => {
  const seen = { live: live(), findings: [], certificate: {}, containerExists: undefined };
  const fact = lineageFact(CLAIM, seen);
  t.deepEqual(fact.commits, [
    {
      repository: "https://git.example/org/repo.git",
      ref: "refs/heads/main",
      commit: "1".repeat(40),
      clean: "yes",
    },
  ]);
  t.is(fact.datasets[0]?.rehashed, "unknown");
  t.deepEqual(fact.containers[0], {
    repository: "registry.example/org/train",
    digest: `sha256:${"4".repeat(64)}`,
    exists: "unknown",
  });
  t.is(fact.commitSignature, "unknown");
  t.is(fact.matchCertificate, "no");
});

test("lineageFact() takes a commit's signature only from the commit that is claimed", (t) => {
  const of = (source: Parameters<typeof live>[0]) =>
    lineageFact(CLAIM, { live: live(source), findings: [], certificate: {}, containerExists: true })
      .commitSignature;
  t.is(of({}), "ssh");
  t.is(of({ commit: "9".repeat(40) }), "unknown");
  t.is(of({ signature: { kind: "none", status: "unsigned", why: "" } }), "none");
  t.is(of({ signature: { kind: "ssh", status: "unknown-signer", why: "" } }), "none");
  t.is(of({ signature: { kind: "openpgp", status: "unchecked", why: "" } }), "unknown");
  t.is(of({ signature: { kind: "x509", status: "good", why: "" } }), "gitsign");
});

test("lineageFact() compares the certificate's commit and repository", (t) => {
  const of = (certificate: { commit?: string; repository?: string }) =>
    lineageFact(CLAIM, { live: live(), findings: [], certificate, containerExists: true })
      .matchCertificate;
  t.is(of({ commit: "1".repeat(40), repository: "https://git.example/org/repo" }), "yes");
  t.is(of({ commit: "1".repeat(40), repository: "https://git.example/org/fork" }), "no");
  t.is(of({ commit: "2".repeat(40) }), "no");
});
