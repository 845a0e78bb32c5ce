import type { EvidenceFact, PolicyFacts } from "./facts.ts";
import type { Policy, Requirement } from "./policy.ts";
import { type Ruling, ruling } from "./ruling.ts";
import { denialOf, isNamed, personOf, signerText } from "./signer.ts";
import { hoursOf } from "./span.ts";

/** What counts for a requirement, and why the rest does not. */
export interface Counted {
  readonly requirement: Requirement;
  readonly counted: readonly EvidenceFact[];
  /** Of the right kind, signed by somebody named and not denied, whatever its age. */
  readonly trusted: readonly EvidenceFact[];
  /** Could count, but could not be verified. */
  readonly open: readonly EvidenceFact[];
  readonly reasons: readonly string[];
}

/** Evidence of each requirement. */
export function countEvidence(policy: Policy, facts: PolicyFacts, now: Date): Counted[] {
  return policy.require.map((requirement) => {
    const reasons = new Set<string>();
    const counted: EvidenceFact[] = [];
    const trusted: EvidenceFact[] = [];
    const open: EvidenceFact[] = [];
    for (const fact of facts.evidence ?? []) {
      if (!isOfKind(fact, requirement)) continue;
      const foreign = foreignBecause(fact, requirement, policy);
      if (foreign !== undefined) {
        reasons.add(foreign);
        continue;
      }
      if (fact.status === "unknown") {
        open.push(fact);
        continue;
      }
      trusted.push(fact);
      const weak = weakBecause(fact, requirement, policy, now);
      if (weak === undefined) counted.push(fact);
      else reasons.add(weak);
    }
    return { requirement, counted, trusted, open, reasons: [...reasons].toSorted() };
  });
}

/** Judges each requirement: enough people, of those that it names, signed what it asks for. */
export function judgeRequirements(all: readonly Counted[]): Ruling[] {
  const byId = new Map(all.map((it) => [it.requirement.id, it]));
  return all.map(({ requirement, counted, open, reasons }) => {
    const { id, type, threshold = 1, distinctFrom = [], by = [] } = requirement;
    const rule = `require.${id}`;
    const absolute = false;
    const others = distinctFrom.flatMap((other) => byId.get(other) ?? []);
    const absent = others.filter((it) => it.counted.length === 0);
    const excluded = peopleOf(others.flatMap((it) => it.counted));
    const people = new Set([...peopleOf(counted)].filter((person) => !excluded.has(person)));
    const left = peopleOf(counted).size - people.size;
    const fix = fixOf(requirement);
    if (people.size >= threshold) {
      // Whom it must be distinct from is not known, so neither is whether it is.
      if (absent.length > 0) {
        const names = absent.map((it) => it.requirement.id).join(" and ");
        const message = `"${id}" is there, but nobody counts for ${names}, whom it must be distinct from`;
        return ruling(rule, "policy-evidence", "unknown", message, { absolute });
      }
      const who = [...new Set(counted.map(({ signer }) => signerText(signer)))].join(", ");
      return ruling(rule, "policy-evidence", "pass", `"${id}" is there, by ${who}`);
    }
    const maybe = peopleOf(open);
    for (const person of excluded) maybe.delete(person);
    const could = new Set([...people, ...maybe]).size >= threshold;
    const wanted = threshold === 1 ? "" : ` from ${threshold} people (${people.size} so far)`;
    const why = [
      ...reasons,
      ...(left > 0 ? [`${left} signed who must be distinct from ${distinctFrom.join(", ")}`] : []),
    ];
    const because = why.length === 0 ? "" : `: ${why.slice(0, MOST_REASONS).join("; ")}`;
    const message = could
      ? `"${id}" could not be verified`
      : `"${id}" (${type}${wanted}) by ${by.join(" or ")} is missing${because}`;
    return ruling(rule, "policy-evidence", could ? "unknown" : "fail", message, { fix });
  });
}

function isOfKind(fact: EvidenceFact, { type, predicateType }: Requirement): boolean {
  return (
    fact.type === type && (predicateType === undefined || fact.predicateType === predicateType)
  );
}

/** Why evidence is not by anybody who is asked for. */
function foreignBecause(
  fact: EvidenceFact,
  { by = [] }: Requirement,
  policy: Policy,
): string | undefined {
  const { signer, status } = fact;
  if (status === "invalid") return "one is not valid";
  if (signer === undefined) return "one has no signer";
  if (!isNamed(signer, by, policy))
    return `one is by ${signerText(signer)}, who is not named for it`;
  const denied = denialOf(fact, policy);
  return denied === undefined ? undefined : `${signerText(signer)} is denied (${denied})`;
}

/** Why evidence by the right signer does not count. */
function weakBecause(
  fact: EvidenceFact,
  requirement: Requirement,
  { trust }: Policy,
  now: Date,
): string | undefined {
  const { maxAge, properties = [], result } = requirement;
  const { logged = false, timestamped = false, time } = fact;
  const witnessed = {
    none: true,
    log: logged,
    timestamp: timestamped,
    "log-or-timestamp": logged || timestamped,
  }[trust.transparency];
  if (!witnessed) return `one has no ${trust.transparency.replaceAll("-", " ")}`;
  if (maxAge !== undefined) {
    if (time === undefined) return "one has no trusted time, so its age is not known";
    if (now.getTime() - Date.parse(time) > hoursOf(maxAge) * HOUR)
      return `one is older than ${maxAge}`;
  }
  const lacking = properties.filter((name) => !(fact.properties ?? []).includes(name));
  if (lacking.length > 0) return `one does not say ${lacking.join(", ")}`;
  if (!HAS_RESULT.has(fact.type)) return undefined;
  const wanted = result === "WARNED" ? ["PASSED", "WARNED"] : ["PASSED"];
  return fact.result !== undefined && wanted.includes(fact.result)
    ? undefined
    : `one came to ${fact.result ?? "no result"}`;
}

function peopleOf(facts: readonly EvidenceFact[]): Set<string> {
  return new Set(facts.flatMap(({ signer }) => (signer === undefined ? [] : [personOf(signer)])));
}

function fixOf({ type, id }: Requirement): string {
  return FIXES[type] ?? `have "${id}" attested by whom the policy names`;
}

const FIXES: Readonly<Partial<Record<Requirement["type"], string>>> = {
  signature: "mlsign sign MODEL",
  card: "mlsign card attest MODEL --card FILE",
  sbom: "mlsign sbom attest MODEL --sbom FILE",
  lineage: "mlsign lineage record MODEL --data FILE.dvc --container REF@sha256:…",
  dependencies: "mlsign deps attest MODEL --deps FILE",
  approval: "mlsign approve MODEL --to ENV",
  statement: "mlsign attest MODEL --type URI --predicate FILE",
};
const HAS_RESULT = new Set(["test", "scan", "dependencies", "storage"]);
const HOUR = 3_600_000;
const MOST_REASONS = 4;
