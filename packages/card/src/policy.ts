import { isRecord, messageOf, MlsignError, printable, type Severity } from "@mlsign/core";
import { parseDocument } from "yaml";
import type { CardPolicy } from "./report.ts";
import { CARD_RULES, type RuleId } from "./rules.ts";

/** A policy as a file says it: all of it but the time. */
export type CardPolicyFile = Omit<CardPolicy, "now">;

/**
 * Reads a policy: YAML (or JSON) with `rules` (a level by rule: error, warning, note or off),
 * `max-epsilon` and `max-fairness-age-days`. A key that is not known is an error: a misspelt rule
 * would be one that nobody applies.
 *
 * @throws MlsignError `config-invalid`
 */
export function parseCardPolicy(text: string, source: string): CardPolicyFile {
  const value = readYaml(text, source);
  const policy: { -readonly [key in keyof CardPolicyFile]: CardPolicyFile[key] } = {};
  for (const [key, entry] of Object.entries(value)) {
    switch (key) {
      case "rules":
        policy.rules = readRules(entry, source);
        break;
      case "max-epsilon":
        policy.maxEpsilon = positive(key, entry, source);
        break;
      case "max-fairness-age-days":
        policy.maxFairnessAgeDays = positive(key, entry, source);
        break;
      default:
        throw invalid(source, `unknown key "${printable(key)}"`);
    }
  }
  return policy;
}

function readRules(value: unknown, source: string): NonNullable<CardPolicy["rules"]> {
  if (!isRecord(value)) throw invalid(source, '"rules" is not a mapping of rules to levels');
  const rules: { [rule in RuleId]?: Severity | "off" } = {};
  for (const [rule, level] of Object.entries(value)) {
    if (!isRule(rule)) throw invalid(source, `there is no rule "${printable(rule)}"`);
    if (!isLevel(level)) {
      throw invalid(source, `the level of ${rule} is not ${LEVELS.join(", ")}`);
    }
    rules[rule] = level;
  }
  return rules;
}

function positive(key: string, value: unknown, source: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw invalid(source, `"${key}" is not a number above 0`);
}

function readYaml(text: string, source: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const document = parseDocument(text, { version: "1.2", uniqueKeys: true, strict: true });
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    // No alias is needed here, and a thousand of them are a bomb.
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(source, messageOf(cause).split("\n")[0] ?? "malformed");
  }
  if (value === null) return {};
  if (!isRecord(value)) throw invalid(source, "not a mapping");
  return value;
}

function isRule(text: string): text is RuleId {
  return Object.hasOwn(CARD_RULES, text);
}

function isLevel(value: unknown): value is Severity | "off" {
  return typeof value === "string" && LEVELS.includes(value);
}

function invalid(source: string, why: string): MlsignError {
  return new MlsignError("config-invalid", `Cannot use policy ${printable(source)}: ${why}`, {
    hint: "rules: { MC034: error }, max-epsilon: 8, max-fairness-age-days: 365",
  });
}

const LEVELS: readonly string[] = ["error", "warning", "note", "off"];
