import {
  type Finding,
  finding,
  isRecord,
  MlsignError,
  printable,
  type Verdict,
} from "@mlsign/core";
import schema from "../schemas/policy-test.v1.schema.json" with { type: "json" };
import { evaluatePolicy } from "./evaluate.ts";
import type { EvidenceFact, PolicyFacts } from "./facts.ts";
import type { LoadedPolicy } from "./policy.ts";
import { readYaml, schemaFaults, throwFault, type YamlPath } from "./read-yaml.ts";

/** A table of models and what the policy must decide of each. */
interface PolicyTest {
  readonly now: string;
  readonly facts: PolicyFacts;
  readonly cases: readonly PolicyCase[];
}

interface PolicyCase {
  readonly name: string;
  readonly now?: string;
  readonly change?: Readonly<Record<string, unknown>>;
  readonly without?: readonly string[];
  readonly with?: readonly EvidenceFact[];
  readonly expect: Verdict;
  readonly rules?: readonly string[];
}

/**
 * Runs a table of cases through a policy as it would enforce: a finding for each, which fails where
 * the verdict, or a rule that must have led to it, is another.
 *
 * @throws MlsignError `config-invalid` with line and column of the table
 */
export function testPolicy(policy: LoadedPolicy, bytes: Uint8Array, source: string): Finding[] {
  const read = readYaml(decode(bytes, source), source, schema);
  throwFault(source, read.faults);
  const table = read.value as PolicyTest;
  return table.cases.map((one, at) => {
    const path: YamlPath = ["cases", at];
    const facts = factsOf(table, one);
    const [fault] = schemaFaults({ ...table, facts, cases: [NO_CASE] }, schema);
    if (fault !== undefined)
      throwFault(source, [
        { message: `after the change, ${fault.message}`, location: read.locate(path) },
      ]);
    const { enforced, findings } = evaluatePolicy(policy, facts, new Date(one.now ?? table.now));
    const open = new Set(
      findings
        .filter(({ outcome }) => outcome === "fail" || outcome === "unknown")
        .map(({ evidence }) => evidence?.["rule"]),
    );
    const passed = (one.rules ?? []).filter((rule) => !open.has(rule));
    const location = read.locate(path);
    const subject = printable(one.name);
    if (enforced === one.expect && passed.length === 0)
      return finding("policy-test", "pass", `${subject}: ${enforced}`, { location, subject });
    const message =
      enforced === one.expect
        ? `${subject}: ${enforced}, but not by ${printable(passed.join(", "))}`
        : `${subject}: ${enforced}, not ${one.expect}${because(findings)}`;
    return finding("policy-test", "fail", message, { location, subject });
  });
}

function because(findings: readonly Finding[]): string {
  const open = findings.filter(({ outcome }) => outcome === "fail" || outcome === "unknown");
  return open.length === 0 ? "" : `: ${open.map(({ message }) => message).join("; ")}`;
}

function factsOf({ facts }: PolicyTest, one: PolicyCase): PolicyFacts {
  const changed = merge(facts, one.change ?? {}) as PolicyFacts;
  const without = new Set(one.without);
  const known = new Set((changed.evidence ?? []).map(({ id }) => id));
  const unknown = [...without].filter((id) => !known.has(id));
  if (unknown.length > 0)
    throw new MlsignError(
      "config-invalid",
      `Cannot run the case "${printable(one.name)}": there is no evidence ${printable(unknown.join(", "))}`,
    );
  const evidence = [
    ...(changed.evidence ?? []).filter(({ id }) => !without.has(id)),
    ...(one.with ?? []),
  ];
  return { ...changed, ...((changed.evidence || one.with) && { evidence }) };
}

/** RFC 7396: null takes away, objects are merged, all else is replaced. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MlsignError("config-invalid", `Cannot use ${printable(source)}: it is not UTF-8`);
  }
}

/** Stands for the cases while facts alone are held to the schema. */
const NO_CASE = { name: "-", expect: "accepted" };
