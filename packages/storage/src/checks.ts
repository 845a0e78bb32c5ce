/** The checks, by their stable ids (their codes among the findings are in core's list). */
export const CHECKS = {
  "STO-001": "storage-endpoint",
  "STO-010": "storage-resolved",
  "STO-011": "storage-pinned",
  "STO-020": "storage-same-bytes",
  "STO-030": "storage-bucket-lock",
  "STO-031": "storage-default-retention",
  "STO-040": "storage-version-retained",
  "STO-041": "storage-horizon",
  "STO-042": "storage-mode",
  "STO-043": "storage-hold-only",
  "STO-050": "storage-pipeline-powerless",
  "STO-060": "storage-drill-shorten",
  "STO-061": "storage-drill-canary",
  "STO-062": "storage-overwrite",
  "STO-070": "storage-lifecycle",
  "STO-090": "storage-readable",
} as const;

export type CheckId = keyof typeof CHECKS;
