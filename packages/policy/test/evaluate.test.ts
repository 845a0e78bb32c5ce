import type { Verdict } from "@mlsign/core";
import {
  type EvidenceFact,
  evaluatePolicy,
  explainPolicy,
  type LineageFact,
  type PolicyFacts,
} from "@mlsign/policy";
import test from "ava";
import fc from "fast-check";
import {
  ANA,
  approval,
  EVAL,
  FACTS,
  LI,
  LINEAGE,
  load,
  NOW,
  POLICY,
  PROVENANCE,
  SIGNATURE,
} from "./whole-policy.ts";

const evaluate = (facts: PolicyFacts, policy = POLICY, now = NOW) =>
  evaluatePolicy(load(policy), facts, now);
const withEvidence = (...evidence: EvidenceFact[]): PolicyFacts => ({ ...FACTS, evidence });
const withLineage = (change: Partial<LineageFact>): PolicyFacts =>
  withEvidence(SIGNATURE, { ...PROVENANCE, lineage: { ...LINEAGE, ...change } }, EVAL, ANA, LI);
const without = (key: keyof PolicyFacts): PolicyFacts => {
  const { [key]: _gone, ...rest } = FACTS;
  return rest;
};
const REVIEWS = FACTS.review?.reviews ?? [];
const [REVIEW] = REVIEWS;
const [COMMIT] = LINEAGE.commits;
const [DATA] = LINEAGE.datasets;
const [IMAGE] = LINEAGE.containers;
if (COMMIT === undefined || DATA === undefined || IMAGE === undefined || REVIEW === undefined)
  throw new Error("fixture");

test("evaluatePolicy() accepts what has all that the policy asks for", (t) => {
  const { verdict, enforced, findings, policySha256 } = evaluate(FACTS);
  t.is(verdict, "accepted", JSON.stringify(findings.filter(({ outcome }) => outcome !== "pass")));
  t.is(enforced, "accepted");
  t.regex(policySha256, /^[0-9a-f]{64}$/);
  const judged = new Set(findings.map(({ evidence }) => evidence?.["rule"]));
  for (const { rule } of explainPolicy(load().policy)) t.true(judged.has(rule), rule);
});

/** [what, the facts, the verdict, the rule that led to it] */
const CASES: readonly (readonly [string, PolicyFacts, Verdict, string])[] = [
  ["no signature", withEvidence(PROVENANCE, EVAL, ANA, LI), "refused", "require.signature"],
  [
    "a damaged signature",
    withEvidence({ ...SIGNATURE, status: "invalid" }, PROVENANCE, EVAL, ANA, LI),
    "refused",
    "require.signature",
  ],
  [
    "a signature that could not be verified",
    withEvidence({ ...SIGNATURE, status: "unknown" }, PROVENANCE, EVAL, ANA, LI),
    "undecided",
    "require.signature",
  ],
  [
    "a stranger's signature",
    withEvidence(
      { ...SIGNATURE, signer: { issuer: "https://ci.example", subject: "x" } },
      PROVENANCE,
      EVAL,
      ANA,
      LI,
    ),
    "refused",
    "require.signature",
  ],
  [
    "the right name from another issuer",
    withEvidence(
      {
        ...SIGNATURE,
        signer: { ...SIGNATURE.signer, issuer: "https://evil.example" } as EvidenceFact["signer"] &
          object,
      },
      PROVENANCE,
      EVAL,
      ANA,
      LI,
    ),
    "refused",
    "require.signature",
  ],
  [
    "a signature without a log",
    withEvidence({ ...SIGNATURE, logged: false, timestamped: true }, PROVENANCE, EVAL, ANA, LI),
    "refused",
    "require.signature",
  ],
  ["no lineage", withEvidence(SIGNATURE, EVAL, ANA, LI), "refused", "require.lineage"],
  [
    "a test that failed",
    withEvidence(SIGNATURE, PROVENANCE, { ...EVAL, result: "FAILED" }, ANA, LI),
    "refused",
    "require.eval",
  ],
  [
    "a test that warned",
    withEvidence(SIGNATURE, PROVENANCE, { ...EVAL, result: "WARNED" }, ANA, LI),
    "refused",
    "require.eval",
  ],
  [
    "a test that is too old",
    withEvidence(SIGNATURE, PROVENANCE, { ...EVAL, time: "2026-10-01T00:00:00Z" }, ANA, LI),
    "refused",
    "require.eval",
  ],
  [
    "one approval of two",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA),
    "refused",
    "require.approval",
  ],
  [
    "one person who approves twice",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, approval("ana2", "ana@example.com")),
    "refused",
    "require.approval",
  ],
  [
    "one person with two issuers",
    withEvidence(
      SIGNATURE,
      PROVENANCE,
      EVAL,
      ANA,
      approval("ana2", "", {
        signer: { issuer: "https://other.example", subject: "ana@example.com" },
      }),
    ),
    "refused",
    "require.approval",
  ],
  [
    "an approval without a trusted time",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, {
      ...LI,
      time: undefined,
    } as unknown as EvidenceFact),
    "refused",
    "require.approval",
  ],
  [
    "an approval of last week",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, { ...LI, time: "2026-11-17T00:00:00Z" }),
    "refused",
    "require.approval",
  ],
  [
    "an approval for staging",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, {
      ...LI,
      properties: ["MLSIGN_APPROVED_STAGING"],
    }),
    "refused",
    "require.approval",
  ],
  [
    "an approver whose account was stolen",
    withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, { ...LI, time: "2026-11-23T13:00:00Z" }),
    "refused",
    "require.approval",
  ],
  [
    "a lineage whose signer cannot be told apart from the approvers",
    withEvidence(SIGNATURE, { ...PROVENANCE, status: "unknown" }, EVAL, ANA, LI),
    "undecided",
    "require.approval",
  ],
  [
    "two stories",
    withEvidence(
      SIGNATURE,
      PROVENANCE,
      {
        ...PROVENANCE,
        id: "l2",
        lineage: { ...LINEAGE, commits: [{ ...COMMIT, commit: "9".repeat(40) }] },
      },
      EVAL,
      ANA,
      LI,
    ),
    "refused",
    "lineage",
  ],
  [
    "an old second story",
    withEvidence(
      SIGNATURE,
      PROVENANCE,
      { ...PROVENANCE, id: "l2", logged: false, lineage: { ...LINEAGE, datasets: [] } },
      EVAL,
      ANA,
      LI,
    ),
    "refused",
    "lineage",
  ],
  [
    "another repository",
    withLineage({ commits: [{ ...COMMIT, repository: "https://git.example/org/fork" }] }),
    "refused",
    "lineage.git.repositories",
  ],
  [
    "another branch",
    withLineage({ commits: [{ ...COMMIT, ref: "refs/heads/evil" }] }),
    "refused",
    "lineage.git.refs",
  ],
  [
    "a tag below a tag",
    withLineage({ commits: [{ ...COMMIT, ref: "refs/tags/v1/x" }] }),
    "refused",
    "lineage.git.refs",
  ],
  [
    "a commit that nobody signed",
    withLineage({ commitSignature: "none" }),
    "refused",
    "lineage.git.signed",
  ],
  [
    "a commit signed in another way",
    withLineage({ commitSignature: "openpgp" }),
    "refused",
    "lineage.git.signed",
  ],
  [
    "a commit whose signature is not known",
    withLineage({ commitSignature: "unknown" }),
    "undecided",
    "lineage.git.signed",
  ],
  [
    "a dirty tree",
    withLineage({ commits: [{ ...COMMIT, clean: "no" }] }),
    "refused",
    "lineage.git.clean",
  ],
  ["two commits", withLineage({ commits: [COMMIT, COMMIT] }), "refused", "lineage.git.clean"],
  [
    "another certificate",
    withLineage({ matchCertificate: "no" }),
    "refused",
    "lineage.git.matchCertificate",
  ],
  [
    "no certificate to look at",
    withLineage({ matchCertificate: "unknown" }),
    "undecided",
    "lineage.git.matchCertificate",
  ],
  [
    "legacy data",
    withLineage({ datasets: [{ ...DATA, legacy: true }] }),
    "refused",
    "lineage.dvc.legacy",
  ],
  [
    "changed data",
    withLineage({ datasets: [{ ...DATA, rehashed: "no" }] }),
    "refused",
    "lineage.dvc.rehashed",
  ],
  [
    "data that is not here",
    withLineage({ datasets: [{ ...DATA, rehashed: "unknown" }] }),
    "undecided",
    "lineage.dvc.rehashed",
  ],
  ["no data", withLineage({ datasets: [] }), "refused", "lineage.dvc.rehashed"],
  [
    "another registry",
    withLineage({ containers: [{ ...IMAGE, repository: "registry.example/organ/x" }] }),
    "refused",
    "lineage.container.registries",
  ],
  [
    "a container that is gone",
    withLineage({ containers: [{ ...IMAGE, exists: "no" }] }),
    "refused",
    "lineage.container.exists",
  ],
  [
    "a registry that is silent",
    withLineage({ containers: [{ ...IMAGE, exists: "unknown" }] }),
    "undecided",
    "lineage.container.exists",
  ],
  [
    "a container by tag",
    withLineage({ containers: [{ ...IMAGE, digest: "sha256:x" }] }),
    "refused",
    "lineage.container.exists",
  ],
  [
    "a strange base model",
    withLineage({ baseModels: [{ uri: "pkg:huggingface/evil/base" }] }),
    "refused",
    "lineage.baseModels",
  ],
  ["dependencies without hashes", { ...FACTS, dependencies: "refused" }, "refused", "dependencies"],
  ["dependencies that nobody looked at", without("dependencies"), "undecided", "dependencies"],
  ["a file that runs code", { ...FACTS, scan: "refused" }, "refused", "scan"],
  ["no scan", without("scan"), "undecided", "scan"],
  ["a broken scanner", { ...FACTS, scan: "defect" }, "defect", "scan"],
  ["unlocked storage", { ...FACTS, storage: { verdict: "refused" } }, "refused", "storage"],
  [
    "storage in another mode",
    { ...FACTS, storage: { verdict: "accepted", mode: "GOVERNANCE", retention: 400 } },
    "refused",
    "storage",
  ],
  [
    "storage for too short",
    { ...FACTS, storage: { verdict: "accepted", mode: "COMPLIANCE", retention: 364 } },
    "refused",
    "storage",
  ],
  [
    "storage for who knows how long",
    { ...FACTS, storage: { verdict: "accepted", mode: "COMPLIANCE" } },
    "undecided",
    "storage",
  ],
  ["no storage check", without("storage"), "undecided", "storage"],
  [
    "a card without contact",
    { ...FACTS, card: { verdict: "accepted", fields: ["limitations"] } },
    "refused",
    "card",
  ],
  ["no card", without("card"), "undecided", "card"],
  ["a tag", { ...FACTS, references: ["registry.example/org/model:v1"] }, "refused", "references"],
  [
    "latest beside a digest",
    { ...FACTS, references: [`registry.example/org/model:latest@sha256:${"b".repeat(64)}`] },
    "refused",
    "references",
  ],
  ["reviews that nobody looked at", without("review"), "undecided", "review.github"],
  ...(
    [
      ["a run of another repository", { repository: "org/other" }],
      ["a run of another commit", { commit: "2".repeat(40) }],
      ["a review by one of two", { reviews: REVIEWS.slice(1) }],
      ["two reviews by one person", { reviews: [...REVIEWS.slice(1), ...REVIEWS.slice(1)] }],
      ["a review by who started the run", { startedBy: ["IDA"] }],
      [
        "a review by a stranger",
        { reviews: [...REVIEWS.slice(1), { ...REVIEW, reviewer: "mallory" }] },
      ],
      [
        "a review for another environment",
        { reviews: [...REVIEWS.slice(1), { ...REVIEW, environments: ["staging"] }] },
      ],
      [
        "a rejection beside two approvals",
        { reviews: [...REVIEWS, { ...REVIEW, state: "rejected", reviewer: "zoe" }] },
      ],
    ] as const
  ).map(
    ([what, change]) =>
      [
        what,
        { ...FACTS, review: { ...FACTS.review, ...change } } as PolicyFacts,
        "refused",
        "review.github",
      ] as const,
  ),
  ["names that nobody looked at", without("references"), "undecided", "references"],
  ["an ignored file", { ...FACTS, ignoredFiles: ["notes.txt", "payload.py"] }, "refused", "files"],
  ["ignored files that nobody looked for", without("ignoredFiles"), "undecided", "files"],
  ["staging's policy for production", { ...FACTS, target: "staging" }, "refused", "target"],
  ["no target", without("target"), "undecided", "target"],
  ["a denied model", { ...FACTS, digests: [`sha256:${"d".repeat(64)}`] }, "refused", "deny"],
  ["a model that was not hashed", without("digests"), "undecided", "deny"],
  [
    "denied data",
    withEvidence(SIGNATURE, { ...PROVENANCE, digests: [`md5:${"e".repeat(32)}`] }, EVAL, ANA, LI),
    "refused",
    "deny",
  ],
];

for (const [what, facts, verdict, rule] of CASES) {
  test(`evaluatePolicy() of ${what}: ${verdict}`, (t) => {
    const { verdict: own, findings } = evaluate(facts);
    t.is(own, verdict);
    const led = findings.find(
      ({ evidence, outcome }) =>
        evidence?.["rule"] === rule && outcome !== "pass" && outcome !== "not-applicable",
    );
    t.truthy(led, JSON.stringify(findings.filter(({ outcome }) => outcome !== "pass")));
  });
}

test("evaluatePolicy() accepts what only looks alike", (t) => {
  const early: EvidenceFact = { ...PROVENANCE, time: "2026-10-30T00:00:00Z" };
  const poisonedLater = { ...early, digests: [`md5:${"e".repeat(32)}`] };
  t.is(evaluate(withEvidence(SIGNATURE, poisonedLater, EVAL, ANA, LI)).verdict, "accepted");
  const key: EvidenceFact = approval("key", "", { signer: { key: `sha256:${"c".repeat(64)}` } });
  t.is(evaluate(withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, key)).verdict, "accepted");
  const other = approval("bo", "", {
    signer: { issuer: "https://other.example", subject: "bo@example.com" },
  });
  t.is(evaluate(withEvidence(SIGNATURE, PROVENANCE, EVAL, ANA, other)).verdict, "accepted");
  t.is(
    evaluate(withLineage({ commits: [{ ...COMMIT, ref: "refs/tags/v1.2" }] })).verdict,
    "accepted",
  );
  t.is(evaluate({ ...FACTS, ignoredFiles: ["notes.txt"] }).verdict, "accepted");
});

test("evaluatePolicy() does not count the trainer among the approvers", (t) => {
  const subject = "train@example.com";
  const signer = { issuer: "https://login.example", subject };
  const policy = POLICY.replace(
    '  trainer: { issuer: https://ci.example, subject: "https://ci.example/org/repo/train.yml@refs/heads/main" }',
    "  trainer: { issuer: https://login.example, subject: train@example.com }",
  );
  const trained = [SIGNATURE, PROVENANCE, EVAL].map((fact) => ({ ...fact, signer }));
  const own = [...trained, ANA, approval("self", "Train@example.com")];
  t.is(evaluate(withEvidence(...own), policy).verdict, "refused");
  t.is(evaluate(withEvidence(...own, LI), policy).verdict, "accepted");
});

test("evaluatePolicy() refuses by an expired policy, also where it only warns", (t) => {
  const later = new Date("2027-01-01T00:00:00Z");
  t.is(evaluate(FACTS, POLICY, later).verdict, "refused");
  t.is(evaluate(FACTS, POLICY.replace("mode: enforce", "mode: warn"), later).verdict, "refused");
});

test("evaluatePolicy() that warns accepts, says what it would refuse, and never lets denied things by", (t) => {
  const warn = POLICY.replace("mode: enforce", "mode: warn");
  const { verdict, enforced, findings } = evaluate({ ...FACTS, scan: "refused" }, warn);
  t.is(verdict, "accepted");
  t.is(enforced, "refused");
  t.true(findings.some(({ outcome, severity }) => outcome === "fail" && severity === "warning"));
  t.is(evaluate({ ...FACTS, digests: [`sha256:${"d".repeat(64)}`] }, warn).verdict, "refused");
  t.is(evaluate({ ...FACTS, target: "staging" }, warn).verdict, "refused");
  t.is(evaluate(without("scan"), warn).verdict, "undecided");
});

test("evaluatePolicy() excepts a rule until the exception expires, and says so", (t) => {
  const excepted = (expires: string): string =>
    `${POLICY}exceptions:\n  - { rule: scan, reason: known false alarm, expires: ${expires} }\n`;
  const facts: PolicyFacts = { ...FACTS, scan: "refused" };
  const holds = evaluate(facts, excepted("2026-12-01T00:00:00Z"));
  t.is(holds.verdict, "accepted");
  t.true(holds.findings.some(({ message }) => message.includes("known false alarm")));
  t.is(evaluate(facts, excepted("2026-11-24T00:00:00Z")).verdict, "refused");
  const unneeded = evaluate(FACTS, excepted("2026-11-24T00:00:00Z"));
  t.is(unneeded.verdict, "accepted");
  t.true(
    unneeded.findings.some(
      ({ code, severity }) => code === "policy-exception" && severity === "warning",
    ),
  );
});

const anySigner = fc.constantFrom<EvidenceFact["signer"]>(
  SIGNATURE.signer,
  ANA.signer,
  LI.signer,
  { issuer: "https://evil.example", subject: "ana@example.com" },
  { key: `sha256:${"c".repeat(64)}` },
  undefined,
);
const anyEvidence: fc.Arbitrary<EvidenceFact> = fc.record({
  id: fc.uuid(),
  type: fc.constantFrom("signature", "lineage", "test", "approval", "scan"),
  status: fc.constantFrom("valid", "invalid", "unknown"),
  signer: anySigner,
  logged: fc.boolean(),
  time: fc.constantFrom("2026-11-23T08:00:00Z", "2020-01-01T00:00:00Z", undefined),
  result: fc.constantFrom("PASSED", "FAILED", undefined),
  properties: fc.constantFrom(["MLSIGN_APPROVED_PROD"], []),
  lineage: fc.constantFrom(LINEAGE, { ...LINEAGE, containers: [] }, undefined),
}) as fc.Arbitrary<EvidenceFact>;

test("evaluatePolicy() is never won over by more evidence of another kind", (t) => {
  const whole = [SIGNATURE, PROVENANCE, EVAL, ANA, LI];
  fc.assert(
    fc.property(
      fc.constantFrom(SIGNATURE, PROVENANCE, EVAL, ANA),
      fc.array(anyEvidence, { maxLength: 8 }),
      (lacking, added) => {
        // One piece away from acceptance: what is added is anything but of its kind.
        const had = whole.filter((fact) => fact !== lacking);
        const others = added.filter(({ type }) => type !== lacking.type);
        return evaluate(withEvidence(...had, ...others)).verdict !== "accepted";
      },
    ),
    { numRuns: 1000 },
  );
  t.is(evaluate(withEvidence(...whole)).verdict, "accepted", "that piece is all that was lacking");
});

test("evaluatePolicy() accepts nothing of which a part was not looked at", (t) => {
  for (const key of Object.keys(FACTS) as (keyof PolicyFacts)[])
    t.not(evaluate(without(key)).verdict, "accepted", key);
  t.is(evaluate({}).verdict, "refused");
});

test("explainPolicy() names whom it trusts, and nobody else", (t) => {
  const texts = explainPolicy(load().policy).map(({ rule, text }) => `${rule}: ${text}`);
  t.true(texts.includes("expires: holds until 2027-01-01T00:00:00Z"));
  const approvalText = texts.find((text) => text.startsWith("require.approval"));
  t.regex(approvalText ?? "", /2 people of approvers \(ana@example\.com \| li@example\.com/);
  t.regex(approvalText ?? "", /distinct from lineage, signature, not older than 72h/);
});
