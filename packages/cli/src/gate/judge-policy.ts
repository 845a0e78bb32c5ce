import { decide, type Finding, type Verdict } from "@mlsign/core";
import type { GateTrust } from "@mlsign/gate";
import {
  evaluatePolicy,
  type Evaluation,
  type LoadedPolicy,
  type PolicyFacts,
} from "@mlsign/policy";
import type { Host } from "../host.ts";
import { placeOf } from "../model/brought-model.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import type { PolicySignerFlags } from "../options/policy-options.ts";
import { rootOfFlags, type TrustFlags } from "../options/trust-options.ts";
import { gatherFacts, type Gathered, type GatherOptions } from "./gather.ts";
import { keysOf, signedPolicyOf } from "./policy-flag.ts";
import type { FilledFacts } from "./recorded-facts.ts";

export interface PolicyFlags
  extends Pick<TrustFlags, "trustedRoot" | "trustConfig">, PolicySignerFlags, GatherOptions {
  readonly policy: string;
  readonly signature?: string;
}

/** What a policy came to for one model, and all that it rests on. */
export interface Judged {
  readonly policy: LoadedPolicy;
  readonly location: ModelLocation;
  readonly gathered: Gathered;
  readonly evaluation: Evaluation;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/**
 * Judges a model by a policy: whom to trust is the policy's word, what witnesses are checked against
 * the caller's root.
 */
export async function judgeByPolicy(
  model: string,
  flags: PolicyFlags,
  host: Host,
): Promise<Judged> {
  const policy = await signedPolicyOf(flags.policy, flags, host);
  const location = locateModel(placeOf(model, host), host.cwd, flags.signature);
  return judgeLocation(location, policy, flags, host);
}

/** The facts that are judged, out of those that were gathered. */
type Adjust = (seen: PolicyFacts) => FilledFacts;

/** The same where the model was found and the policy read. */
export async function judgeLocation(
  location: ModelLocation,
  policy: LoadedPolicy,
  flags: Omit<PolicyFlags, "policy">,
  host: Host,
  adjust: Adjust = (facts) => ({ facts, recorded: [] }),
): Promise<Judged & Pick<FilledFacts, "recorded">> {
  const people = Object.values(policy.policy.identities).some(({ issuer }) => issuer !== undefined);
  const root = await rootOfFlags(flags, host, people);
  const trust: GateTrust = {
    trustedRoot: root?.root,
    keys: keysOf(policy),
    now: host.clock(),
  };
  const gathered = await gatherFacts(location, policy, trust, flags, host);
  const { facts, recorded } = adjust(gathered.facts);
  const evaluation = evaluatePolicy(policy, facts, host.clock());
  // What is wrong with the files themselves is told before the rule that it breaks.
  const broken = gathered.findings
    .filter(({ outcome }) => outcome === "fail" || outcome === "unknown")
    .map((found): Finding => ({ ...found, outcome: "fail", severity: "note" }));
  return {
    policy,
    location,
    gathered,
    recorded,
    ...withRun(evaluation, gathered.run, broken),
  };
}

/** A run that contradicts the lineage refuses, whatever the policy asks for or only warns of. */
function withRun(
  evaluation: Evaluation,
  run: readonly Finding[],
  broken: readonly Finding[],
): Pick<Judged, "evaluation" | "verdict" | "findings"> {
  const findings = [...broken, ...run, ...evaluation.findings];
  const verdict = decide([...evaluation.findings, ...run]);
  const own = run.length === 0 ? "accepted" : decide(run);
  const enforced = own === "accepted" ? evaluation.enforced : own;
  return { evaluation: { ...evaluation, enforced }, verdict, findings };
}
