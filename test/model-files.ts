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

/** Requirements whose only package is pinned to these bytes. */
export function requirements(name: string, version: string, wheel: Uint8Array | string): string {
  return `--only-binary :all:\n${name}==${version} --hash=sha256:${sha256(wheel)}\n`;
}

export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
