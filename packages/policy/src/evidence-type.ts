/** What a policy can ask for beside a model. */
export type EvidenceType =
  | "signature"
  | "card"
  | "sbom"
  | "lineage"
  | "scan"
  | "dependencies"
  | "storage"
  | "test"
  | "approval"
  | "statement";
