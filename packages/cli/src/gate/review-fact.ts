import { MlsignError, printable } from "@mlsign/core";
import type { ReviewFact } from "@mlsign/policy";
import type { Host } from "../host.ts";

/** Which run promotes, as flags say it. */
export interface ReviewFlags {
  readonly githubRun?: string;
  readonly githubApi?: string;
}

/**
 * What GitHub says of the run that promotes: `--github-run`, else the one that this is. `undefined`
 * where there is no run or no token, so that the rule stays unknown.
 *
 * @throws MlsignError `usage`; as the client
 */
export async function reviewFact(
  { githubRun, githubApi }: ReviewFlags,
  host: Host,
): Promise<ReviewFact | undefined> {
  const { GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_TOKEN, GH_TOKEN, GITHUB_API_URL } = host.env;
  const own = GITHUB_REPOSITORY && GITHUB_RUN_ID && `${GITHUB_REPOSITORY}/${GITHUB_RUN_ID}`;
  const run = githubRun ?? (own || undefined);
  const token = GITHUB_TOKEN || GH_TOKEN;
  if (run === undefined || !token) return undefined;
  const [, repository, id] = /^([^/]+\/[^/]+)\/(\d+)$/.exec(run) ?? [];
  if (repository === undefined || id === undefined) {
    throw new MlsignError("usage", `Cannot use --github-run ${printable(run)}`, {
      hint: "name it as OWNER/NAME/RUN",
    });
  }
  const { githubClient } = await import("@mlsign/github");
  const client = githubClient({ api: githubApi ?? (GITHUB_API_URL || undefined), token });
  const found = await client.getRun(repository, id);
  const reviews = found && (await client.getReviews(repository, id));
  return found && reviews && { ...found, reviews };
}
