import type { Evaluation, Policy } from "@mlsign/policy";

/** What a summary is for: the caller's word, else the policy's, else the registry's, else a name of the target. */
export function resourceOf(
  { resource, to }: { readonly resource?: string; readonly to: string },
  configured?: string,
  registered?: string,
): string {
  return resource ?? configured ?? registered ?? `urn:mlsign:target:${to}`;
}

/** The level that says that a model was promoted to a target. */
export function promotedLevel(to: string): string {
  return `MLSIGN_PROMOTED_${to.toUpperCase().replaceAll("-", "_")}`;
}

/** What was evaluated and passed, in a summary's words; nothing that the policy did not ask for. */
export function levelsOf(to: string, policy: Policy, { findings }: Evaluation): string[] {
  const passed = new Set(
    findings.flatMap(({ outcome, evidence }) => (outcome === "pass" ? [evidence?.["rule"]] : [])),
  );
  const evidence = policy.require.flatMap(({ id, type }) =>
    passed.has(`require.${id}`) ? (EVIDENCE[type] ?? []) : [],
  );
  const rules = Object.entries(RULES).flatMap(([rule, level]) => (passed.has(rule) ? [level] : []));
  return [...new Set([promotedLevel(to), ...evidence, ...rules])];
}

const EVIDENCE: Readonly<Partial<Record<Policy["require"][number]["type"], string>>> = {
  signature: "MLSIGN_SIGNED",
  card: "MLSIGN_CARD_SIGNED",
  sbom: "MLSIGN_SBOM",
  lineage: "MLSIGN_LINEAGE_BOUND",
  approval: "MLSIGN_APPROVED",
};
const RULES = {
  "lineage.dvc.rehashed": "MLSIGN_DATA_REHASHED",
  dependencies: "MLSIGN_HASH_PINNED",
  storage: "MLSIGN_OBJECT_LOCK",
  scan: "MLSIGN_SCANNED",
};
