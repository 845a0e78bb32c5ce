import { isDeepStrictEqual } from "node:util";
import type { EvidenceFact, LineageFact, PolicyFacts, Seen } from "@mlsign/policy";

/** Facts, and which of them nobody looked at again. */
export interface FilledFacts {
  readonly facts: PolicyFacts;
  /** In words. */
  readonly recorded: readonly string[];
}

/**
 * Fills what could not be looked at with what an exporter recorded. Only gaps: what was looked at
 * stays, evidence is verified anew, and a recorded fact never outweighs a seen one.
 */
export function withRecorded(seen: PolicyFacts, recorded: PolicyFacts): FilledFacts {
  const told: string[] = [];
  const gaps = GAPS.filter((key) => isOpen(seen[key]) && recorded[key] !== undefined);
  const evidence = (seen.evidence ?? []).map((fact): EvidenceFact => {
    const before = recorded.evidence?.find(({ id }) => id === fact.id)?.lineage;
    if (fact.lineage === undefined || before === undefined) return fact;
    const lineage = fillLineage(fact.lineage, before);
    if (!isDeepStrictEqual(lineage, fact.lineage)) told.push("lineage");
    return { ...fact, lineage };
  });
  return {
    facts: { ...seen, evidence, ...Object.fromEntries(gaps.map((key) => [key, recorded[key]])) },
    recorded: [...new Set([...told, ...gaps.map((key) => key as string)])],
  };
}

/** Not looked at, or looked at in vain. */
function isOpen(fact: PolicyFacts[(typeof GAPS)[number]]): boolean {
  if (fact === undefined || fact === "undecided") return true;
  return typeof fact === "object" && "verdict" in fact && fact.verdict === "undecided";
}

/** Of a lineage that says the same: what was looked at then, where nobody could look now. */
function fillLineage(now: LineageFact, then: LineageFact): LineageFact {
  const seen = (one: Seen, other: Seen | undefined): Seen =>
    one === "unknown" ? (other ?? one) : one;
  return {
    ...now,
    commits: now.commits.map((it) => {
      const same = then.commits.find(
        ({ repository, commit }) => repository === it.repository && commit === it.commit,
      );
      return { ...it, clean: seen(it.clean, same?.clean) };
    }),
    datasets: now.datasets.map((it) => {
      const same = then.datasets.find(
        ({ path, oid, sha256 }) => path === it.path && oid === it.oid && sha256 === it.sha256,
      );
      return { ...it, rehashed: seen(it.rehashed, same?.rehashed) };
    }),
    containers: now.containers.map((it) => {
      const same = then.containers.find(
        ({ repository, digest }) => repository === it.repository && digest === it.digest,
      );
      return { ...it, exists: seen(it.exists, same?.exists) };
    }),
    commitSignature: now.commitSignature === "unknown" ? then.commitSignature : now.commitSignature,
    matchCertificate: seen(now.matchCertificate, then.matchCertificate),
  };
}

const GAPS = ["dependencies", "scan", "storage", "card", "review", "references"] as const;
