import { createHash } from "node:crypto";

/** A card that keeps every rule of the linter. */
export const CARD: string = `---
license: apache-2.0
language: en
pipeline_tag: tabular-classification
mlsign:
  schema: 1
  subject: { name: fraud-net, version: 1.2.0 }
  training_data:
    - { name: tx, version: v3, digest: { sha256: ${"a".repeat(64)} } }
  privacy: { dp: none, reason: public data }
  limitations: [small]
  out_of_scope: [medicine]
  contact: security@acme.example
---
# fraud-net
`;

/** A policy without a known gap, until the year 2100. */
export const POLICY: string = `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: { transparency: log }
identities:
  trainer: { issuer: https://issuer.example, subject: train@example.com }
  approver: { issuer: https://issuer.example, subjectIn: [ana@example.com] }
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: lineage, type: lineage, by: [trainer] }
  - { id: approval, type: approval, by: [approver], distinctFrom: [lineage] }
references: { digestOnly: true }
`;

/** What that policy must decide of a few models. */
export const CASES: string = `schema: urn:mlsign:policy-test:v1
now: 2026-11-24T00:00:00Z
facts:
  target: prod
  ignoredFiles: []
  references: []
  digests: []
  evidence:
    - { id: signed, type: signature, status: valid, logged: true, signer: { issuer: https://issuer.example, subject: train@example.com } }
cases:
  - { name: only signed, expect: refused, rules: [require.lineage, require.approval] }
  - { name: nothing, without: [signed], expect: refused, rules: [require.signature] }
`;

/** A policy for staging that asks for no more than a signature with one key. */
export function stagingPolicy(pem: string): string {
  return `schema: urn:mlsign:policy:v1
name: staging
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: staging }
trust: { transparency: none, reason: an example }
identities:
  trainer:
    publicKey: |
      ${pem.trim().replaceAll("\n", "\n      ")}
require:
  - { id: signature, type: signature, by: [trainer] }
`;
}

/** Requirements whose only package is pinned to these bytes. */
export function requirements(name: string, version: string, wheel: Uint8Array | string): string {
  return `--only-binary :all:\n${name}==${version} --hash=sha256:${sha256(wheel)}\n`;
}

export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
