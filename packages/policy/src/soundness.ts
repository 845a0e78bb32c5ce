import { createPublicKey } from "node:crypto";
import { messageOf, type Severity } from "@mlsign/core";
import { parsePattern } from "./pattern.ts";
import { isProduction, type Policy } from "./policy.ts";
import type { YamlPath } from "./read-yaml.ts";
import { isRule, ruleNames } from "./rule-names.ts";

export interface Unsound {
  readonly severity: Severity;
  readonly message: string;
  readonly path: YamlPath;
  readonly fix: string;
}

/** What is wrong with a policy whose form is right: an error is refused, a warning told. */
export function soundness(policy: Policy): Unsound[] {
  const found: Unsound[] = [];
  const say = (severity: Severity, path: YamlPath, message: string, fix: string): void =>
    void found.push({ severity, path, message, fix });
  const ids = policy.require.map(({ id }) => id);
  for (const [name, { subjectRegexp, publicKey, key }] of Object.entries(policy.identities)) {
    if (key !== undefined)
      say(
        "warning",
        ["identities", name, "key"],
        `the key of "${name}" is known by its digest alone: nothing can be verified with it`,
        "paste the .pub file as publicKey",
      );
    if (publicKey !== undefined && !isPublicKey(publicKey))
      say(
        "error",
        ["identities", name, "publicKey"],
        `"${name}" has no public key in PEM`,
        "paste the whole .pub file",
      );
    if (subjectRegexp === undefined) continue;
    try {
      parsePattern(subjectRegexp);
    } catch (error) {
      const path = ["identities", name, "subjectRegexp"];
      say(
        "error",
        path,
        `the expression ${messageOf(error)}`,
        "write ^…$ without groups, or subjectIn",
      );
    }
  }
  for (const [i, requirement] of policy.require.entries()) {
    const { id, by = [], distinctFrom = [], type } = requirement;
    const path = ["require", i];
    if (ids.indexOf(id) !== i)
      say("error", [...path, "id"], `the id "${id}" is used twice`, "give each its own id");
    if (by.length === 0)
      say(
        "error",
        path,
        `"${id}" has no signer, so that anyone's would do`,
        "name identities in by",
      );
    for (const [j, name] of by.entries())
      if (!Object.hasOwn(policy.identities, name))
        say("error", [...path, "by", j], `there is no identity "${name}"`, "add it to identities");
    for (const [j, other] of distinctFrom.entries())
      if (other === id || !ids.includes(other))
        say(
          "error",
          [...path, "distinctFrom", j],
          `there is no other requirement "${other}"`,
          "name an id of require",
        );
    if (type === "statement" && requirement.predicateType === undefined)
      say("error", path, `"${id}" does not say which statement`, "add predicateType");
    if (type !== "test" && requirement.result !== undefined)
      say(
        "error",
        [...path, "result"],
        `"${id}" is no test, and has no result`,
        "leave result out",
      );
    if (requirement.maxAge !== undefined && policy.trust.transparency === "none")
      say(
        "warning",
        [...path, "maxAge"],
        `"${id}" has an age, which only trusted time tells`,
        "require a log or a timestamp",
      );
  }
  if (!policy.require.some(({ type }) => type === "signature"))
    say(
      "error",
      ["require"],
      "the model's signature is not required",
      "add { id: signature, type: signature, by: [...] }",
    );
  if (policy.lineage !== undefined && !policy.require.some(({ type }) => type === "lineage"))
    say(
      "error",
      ["lineage"],
      "lineage is judged but no lineage claim is required",
      "add { id: lineage, type: lineage, by: [...] }",
    );
  if (policy.trust.transparency === "none" && policy.trust.reason === undefined)
    say(
      "error",
      ["trust"],
      "no log and no timestamp is required, and it is not said why",
      "add trust.reason, or require one",
    );
  if (isProduction(policy)) production(policy, say);
  for (const [i, { rule, expires }] of (policy.exceptions ?? []).entries()) {
    if (!isRule(policy, rule))
      say(
        "error",
        ["exceptions", i, "rule"],
        `there is no rule "${rule}" to except from`,
        `rules: ${ruleNames(policy).join(", ")}`,
      );
    time(expires, ["exceptions", i, "expires"], say);
  }
  const { reviewers = [], threshold = 1 } = policy.review?.github ?? {};
  if (threshold > 1 && reviewers.length < threshold)
    say(
      "error",
      ["review", "github", "threshold"],
      `${threshold} reviewers are asked for, and ${reviewers.length} are named`,
      "name as many reviewers",
    );
  time(policy.expires, ["expires"], say);
  for (const kind of ["digests", "signers", "keys"] as const)
    for (const [i, { since, until }] of (policy.deny?.[kind] ?? []).entries()) {
      if (since !== undefined) time(since, ["deny", kind, i, "since"], say);
      if (until !== undefined) time(until, ["deny", kind, i, "until"], say);
      if (since !== undefined && until !== undefined && !(Date.parse(since) < Date.parse(until)))
        say(
          "error",
          ["deny", kind, i, "until"],
          "until is not after since",
          "give the end of the time that is denied",
        );
    }
  return found;
}

function isPublicKey(pem: string): boolean {
  try {
    // A private key has a public one too, and must not stand in a policy.
    return pem.includes("PUBLIC KEY") && createPublicKey(pem).type === "public";
  } catch {
    return false;
  }
}

type Say = (severity: Severity, path: YamlPath, message: string, fix: string) => void;

function production({ require: required, references }: Policy, say: Say): void {
  const trained = new Set(
    required.filter(({ type }) => type === "lineage" || type === "signature").map(({ id }) => id),
  );
  const apart = required.some(
    ({ type, distinctFrom = [] }) =>
      type === "approval" && distinctFrom.some((id) => trained.has(id)),
  );
  if (!apart)
    say(
      "error",
      ["require"],
      "production has no approval by somebody other than the trainer",
      "add { id: approval, type: approval, by: [...], distinctFrom: [lineage] }",
    );
  if (references?.digestOnly !== true)
    say(
      "warning",
      ["references"],
      "references without a digest are let through",
      "add references: { digestOnly: true }",
    );
}

function time(text: string, path: YamlPath, say: Say): void {
  if (Number.isNaN(Date.parse(text)))
    say("error", path, `"${text}" is no time`, "write 2027-01-31T00:00:00Z");
}
