import type { Policy } from "./policy.ts";

/** The rules of a policy that an exception can name. */
export function ruleNames(policy: Policy): string[] {
  const { git, dvc, container, baseModels } = policy.lineage ?? {};
  return [
    ...policy.require.filter(({ type }) => type !== "signature").map(({ id }) => `require.${id}`),
    ...(git ? Object.keys(git).map((key) => `lineage.git.${key}`) : []),
    ...(policy.require.some(({ type }) => type === "lineage") ? ["lineage.dvc.legacy"] : []),
    ...(dvc?.rehashed ? ["lineage.dvc.rehashed"] : []),
    ...(container ? Object.keys(container).map((key) => `lineage.container.${key}`) : []),
    ...(baseModels ? ["lineage.baseModels"] : []),
    ...(policy.dependencies ? ["dependencies"] : []),
    ...(policy.storage ? ["storage"] : []),
    ...(policy.scan ? ["scan"] : []),
    ...(policy.card ? ["card"] : []),
    ...(policy.references ? ["references"] : []),
    ...(policy.review ? ["review.github"] : []),
  ];
}

export function isRule(policy: Policy, rule: string): boolean {
  return ruleNames(policy).includes(rule);
}
