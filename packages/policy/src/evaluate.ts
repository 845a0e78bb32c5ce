import { decide, type Finding, type Verdict } from "@mlsign/core";
import { judgeChecks } from "./check-rules.ts";
import type { PolicyFacts } from "./facts.ts";
import { judgeLineages } from "./lineage-rules.ts";
import type { LoadedPolicy, Policy } from "./policy.ts";
import { type Counted, countEvidence, judgeRequirements } from "./require.ts";
import { judgeReview } from "./review-rule.ts";
import { type Ruling, ruling } from "./ruling.ts";
import { isWithin } from "./span.ts";

export interface Evaluation {
  /** As the policy's mode has it. */
  readonly verdict: Verdict;
  /** As it would be if the policy enforced; what a summary attestation must rest on. */
  readonly enforced: Verdict;
  /** One for each rule, and in the policy's order. */
  readonly findings: readonly Finding[];
  /** SHA-256 of the policy's bytes, in hex. */
  readonly policySha256: string;
}

/**
 * Judges facts by a policy: pure, and closed by default. What the policy asks for and nobody looked
 * at is unknown, never passed. More evidence never turns a refusal of something else into
 * acceptance.
 */
export function evaluatePolicy(
  { policy, sha256 }: Pick<LoadedPolicy, "policy" | "sha256">,
  facts: PolicyFacts,
  now: Date,
): Evaluation {
  const counted = countEvidence(policy, facts, now);
  const lineages = counted
    .filter(({ requirement }) => requirement.type === "lineage")
    .flatMap(({ trusted }) => trusted)
    .flatMap(({ lineage }) => lineage ?? []);
  const rulings = [
    judgeExpiry(policy, now),
    judgeTarget(policy, facts),
    judgeDenied(policy, facts, counted),
    ...judgeRequirements(counted),
    ...judgeLineages(policy, lineages),
    ...judgeChecks(policy, facts),
    ...(policy.review ? [judgeReview(policy.review.github, facts.review, lineages)] : []),
  ];
  const excepted = rulings.map((it) => except(it, policy, now));
  const stale = staleExceptions(policy, now);
  const strict = [...excepted, ...stale].map(({ finding }) => finding);
  const findings =
    policy.mode === "warn"
      ? [...excepted, ...stale].map(({ finding, absolute }) =>
          absolute ? finding : soften(finding),
        )
      : strict;
  return { verdict: decide(findings), enforced: decide(strict), findings, policySha256: sha256 };
}

function judgeExpiry({ expires }: Policy, now: Date): Ruling {
  return Date.parse(expires) > now.getTime()
    ? ruling("expires", "policy-expired", "pass", `the policy holds until ${expires}`, {
        absolute: true,
      })
    : ruling("expires", "policy-expired", "fail", `the policy expired at ${expires}`, {
        absolute: true,
        fix: "look it over, and give it a new date",
      });
}

/** A policy for staging says nothing of production. */
function judgeTarget({ target }: Policy, { target: asked }: PolicyFacts): Ruling {
  const absolute = true;
  if (asked === undefined)
    return ruling("target", "policy-target", "unknown", "where the model goes was not said", {
      absolute,
      fix: `name it with --to ${target.to}`,
    });
  return asked === target.to
    ? ruling("target", "policy-target", "pass", `the policy is for ${target.to}`, { absolute })
    : ruling("target", "policy-target", "fail", `the policy is for ${target.to}, not ${asked}`, {
        absolute,
      });
}

/** Digests that are denied, in the model and in what trusted signers say that it was made of. */
function judgeDenied(policy: Policy, facts: PolicyFacts, counted: readonly Counted[]): Ruling {
  const absolute = true;
  const denied = policy.deny?.digests ?? [];
  const trusted = counted.flatMap((it) => it.trusted);
  const used: (readonly [digest: string, time: string | undefined])[] = [
    ...(facts.digests ?? []).map((digest) => [digest, undefined] as const),
    ...trusted.flatMap(({ digests = [], time }) =>
      digests.map((digest) => [digest, time] as const),
    ),
  ];
  const hit = denied.find((denial) =>
    used.some(([digest, time]) => digest === denial.digest && isWithin(time, denial)),
  );
  if (hit !== undefined) {
    const message = `${hit.digest} is denied: ${hit.reason}`;
    return ruling("deny", "policy-denied", "fail", message, { absolute });
  }
  if (denied.length > 0 && facts.digests === undefined) {
    const message = "the model's digests were not looked at";
    return ruling("deny", "policy-denied", "unknown", message, { absolute });
  }
  return ruling("deny", "policy-denied", "pass", "nothing that the policy denies is used", {
    absolute,
  });
}

/** A failed rule that the policy lets pass for a time, and says why. */
function except(given: Ruling, { exceptions = [] }: Policy, now: Date): Ruling {
  const { rule, finding, absolute } = given;
  if (absolute || (finding.outcome !== "fail" && finding.outcome !== "unknown")) return given;
  const exception = exceptions.find(
    (it) => it.rule === rule && Date.parse(it.expires) > now.getTime(),
  );
  if (exception === undefined) return given;
  const message = `${finding.message} (excepted until ${exception.expires}: ${exception.reason})`;
  return ruling(rule, finding.code, "not-applicable", message);
}

function staleExceptions({ exceptions = [] }: Policy, now: Date): Ruling[] {
  return exceptions
    .filter(({ expires }) => Date.parse(expires) <= now.getTime())
    .map(({ rule, expires }) =>
      ruling(rule, "policy-exception", "fail", `the exception of ${rule} expired at ${expires}`, {
        warning: true,
        fix: "remove it from the policy",
      }),
    );
}

/** Where a policy only warns, its failures are told and refuse nothing; what is unknown stays so. */
function soften(finding: Finding): Finding {
  return finding.outcome === "fail" ? { ...finding, severity: "warning" } : finding;
}
