import {
  type EvidenceFact,
  type LoadedPolicy,
  parsePolicy,
  type PolicyFacts,
} from "@mlsign/policy";

/** A policy that has a rule of every kind. */
export const POLICY: string = `schema: urn:mlsign:policy:v1
name: prod
version: 3
expires: 2027-01-01T00:00:00Z
mode: enforce
target: { from: staging, to: prod }
trust: { transparency: log }
identities:
  trainer: { issuer: https://ci.example, subject: "https://ci.example/org/repo/train.yml@refs/heads/main" }
  approvers: { issuer: https://login.example, subjectIn: [ana@example.com, li@example.com, train@example.com] }
  people: { issuer: https://other.example, subjectRegexp: "^[a-z]+@example[.]com$" }
  release: { key: "sha256:${"c".repeat(64)}" }
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: lineage, type: lineage, by: [trainer] }
  - { id: eval, type: test, by: [trainer], maxAge: 30d }
  - { id: approval, type: approval, by: [approvers, people, release], threshold: 2, distinctFrom: [lineage, signature], maxAge: 72h, properties: [MLSIGN_APPROVED_PROD] }
lineage:
  git:
    repositories: [https://git.example/org/repo]
    refs: [refs/heads/main, refs/tags/v*]
    signed: [ssh, gitsign]
    clean: true
    matchCertificate: true
  dvc: { rehashed: true }
  container: { registries: [registry.example/org], exists: true }
  baseModels: { allow: ["pkg:huggingface/org/*"] }
dependencies: { hashPinned: true }
storage: { locked: true, mode: COMPLIANCE, minRetention: 365d }
scan: { clean: true }
card: { fields: [contact, limitations] }
review: { github: { repository: org/repo, environment: production, reviewers: [Max, ida, eve], threshold: 2, matchCommit: true } }
references: { digestOnly: true, forbidTags: [latest] }
files: { allowIgnored: [notes.txt] }
deny:
  digests:
    - { digest: "sha256:${"d".repeat(64)}", reason: leaked }
    - { digest: "md5:${"e".repeat(32)}", reason: poisoned, since: 2026-11-01T00:00:00Z }
  signers:
    - { subject: gone@example.com, reason: left }
    - { subject: li@example.com, reason: stolen, since: 2026-11-23T12:00:00Z, until: 2026-11-23T18:00:00Z }
  keys:
    - { key: "sha256:${"f".repeat(64)}", reason: lost }
`;

export const NOW: Date = new Date("2026-11-24T00:00:00Z");
const DAY = "2026-11-23T08:00:00Z";
const TRAINER = {
  issuer: "https://ci.example",
  subject: "https://ci.example/org/repo/train.yml@refs/heads/main",
};
const seen = { status: "valid", time: DAY, logged: true } as const;

export const LINEAGE: NonNullable<EvidenceFact["lineage"]> = {
  commits: [
    {
      repository: "https://git.example/org/repo.git",
      ref: "refs/heads/main",
      commit: "1".repeat(40),
      clean: "yes",
    },
  ],
  datasets: [
    {
      path: "data",
      oid: `${"2".repeat(32)}.dir`,
      sha256: "3".repeat(64),
      legacy: false,
      rehashed: "yes",
    },
  ],
  containers: [
    { repository: "registry.example/org/train", digest: `sha256:${"4".repeat(64)}`, exists: "yes" },
  ],
  baseModels: [{ uri: "pkg:huggingface/org/base", sha256: "5".repeat(64) }],
  commitSignature: "ssh",
  matchCertificate: "yes",
};

export function approval(
  id: string,
  subject: string,
  more: Partial<EvidenceFact> = {},
): EvidenceFact {
  const signer = { issuer: "https://login.example", subject };
  return { id, type: "approval", signer, ...seen, properties: ["MLSIGN_APPROVED_PROD"], ...more };
}

export const SIGNATURE: EvidenceFact = {
  id: "signature",
  type: "signature",
  signer: TRAINER,
  ...seen,
};
export const PROVENANCE: EvidenceFact = {
  id: "lineage",
  type: "lineage",
  signer: TRAINER,
  ...seen,
  lineage: LINEAGE,
};
export const EVAL: EvidenceFact = {
  id: "eval",
  type: "test",
  signer: TRAINER,
  ...seen,
  result: "PASSED",
};
export const ANA: EvidenceFact = approval("ana", "ana@example.com");
export const LI: EvidenceFact = approval("li", "li@example.com");

/** Facts that the policy accepts. */
export const FACTS: PolicyFacts = {
  target: "prod",
  digests: [`sha256:${"a".repeat(64)}`],
  evidence: [SIGNATURE, PROVENANCE, EVAL, ANA, LI],
  ignoredFiles: [],
  dependencies: "accepted",
  scan: "accepted",
  storage: { verdict: "accepted", mode: "COMPLIANCE", retention: 400 },
  card: { verdict: "accepted", fields: ["contact", "limitations", "licence"] },
  review: {
    repository: "Org/Repo",
    commit: "1".repeat(40),
    startedBy: ["eve"],
    reviews: [
      { state: "approved", reviewer: "max", environments: ["production"] },
      { state: "approved", reviewer: "ida", environments: ["staging", "production"] },
    ],
  },
  references: [`registry.example/org/model@sha256:${"b".repeat(64)}`],
};

export function load(text: string = POLICY): LoadedPolicy {
  return parsePolicy(Buffer.from(text), "policy.yaml");
}
