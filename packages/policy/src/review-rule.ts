import type { Outcome } from "@mlsign/core";
import type { LineageFact, ReviewFact } from "./facts.ts";
import type { GithubReview } from "./policy.ts";
import { type Ruling, ruling } from "./ruling.ts";

/**
 * Judges what GitHub says of the reviews of a run. Logins have no letter case; who started the run
 * is no reviewer of it, and one rejection refuses.
 */
export function judgeReview(
  wanted: GithubReview,
  fact: ReviewFact | undefined,
  lineages: readonly LineageFact[],
): Ruling {
  const { repository, environment, reviewers, threshold = 1, matchCommit } = wanted;
  const of = (outcome: Outcome, message: string): Ruling =>
    ruling("review.github", "policy-review", outcome, message, {
      fix: `let ${threshold} of ${reviewers.join(", ")} approve the run for ${environment}`,
    });
  if (fact === undefined)
    return ruling(
      "review.github",
      "policy-review",
      "unknown",
      "the run's reviews were not looked at",
      {
        fix: "name the run with --github-run, and give a token in GITHUB_TOKEN",
      },
    );
  if (!same(fact.repository, repository))
    return of("fail", `the run is of ${fact.repository}, not of ${repository}`);
  if (matchCommit) {
    const commits = lineages.flatMap((it) => it.commits.map(({ commit }) => commit));
    if (commits.length === 0) return of("unknown", "there is no lineage to hold the run against");
    if (!commits.every((commit) => commit === fact.commit))
      return of("fail", `the run is of commit ${fact.commit}, not of the lineage's`);
  }
  const here = fact.reviews.filter(({ environments }) => environments.includes(environment));
  const against = here.find(({ state }) => state === "rejected");
  if (against !== undefined)
    return of("fail", `${against.reviewer} rejected the run for ${environment}`);
  const counted = reviewers.filter(
    (login, at) =>
      reviewers.findIndex((it) => same(it, login)) === at &&
      !fact.startedBy.some((it) => same(it, login)) &&
      here.some(({ reviewer }) => same(reviewer, login)),
  );
  return counted.length >= threshold
    ? of("pass", `${counted.join(", ")} approved the run for ${environment}, says GitHub`)
    : of("fail", `${counted.length} of ${threshold} reviewers approved the run for ${environment}`);
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
