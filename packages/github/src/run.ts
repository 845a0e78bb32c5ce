import { isRecord } from "@mlsign/core";

/** A run of a workflow, as GitHub says it. */
export interface Run {
  readonly id: string;
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** The commit that it ran on, in hex. */
  readonly commit: string;
  /** Logins of who started it, or its last attempt. */
  readonly startedBy: readonly string[];
}

/** What a reviewer of a protected environment said of a run. */
export interface Review {
  readonly state: "approved" | "rejected";
  /** A login. */
  readonly reviewer: string;
  readonly environments: readonly string[];
}

/** `undefined` for an answer that is not about this run. */
export function readRun(answer: unknown, repository: string, id: string): Run | undefined {
  if (!isRecord(answer) || String(answer.id) !== id) return undefined;
  const { head_sha: commit } = answer;
  const full = isRecord(answer.repository) ? answer.repository.full_name : undefined;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit))
    return undefined;
  // GitHub's names have no letter case.
  if (typeof full !== "string" || full.toLowerCase() !== repository.toLowerCase()) return undefined;
  const logins = [answer.actor, answer.triggering_actor].map(loginOf);
  const startedBy = [...new Set(logins.flatMap((login) => login ?? []))];
  // Without them nobody can be told apart from who started it.
  return startedBy.length === 0 ? undefined : { id, repository: full, commit, startedBy };
}

/** `undefined` for an answer of another form: a review that can't be read must not be passed over. */
export function readReviews(answer: unknown): Review[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  const reviews = answer.map(readReview);
  return reviews.some((it) => it === undefined) ? undefined : reviews.flatMap((it) => it ?? []);
}

function readReview(answer: unknown): Review | undefined {
  if (!isRecord(answer)) return undefined;
  const { state, environments } = answer;
  const reviewer = loginOf(answer.user);
  if ((state !== "approved" && state !== "rejected") || reviewer === undefined) return undefined;
  if (!Array.isArray(environments)) return undefined;
  const names = environments.map((it) => (isRecord(it) ? it.name : undefined));
  if (!names.every((name) => typeof name === "string")) return undefined;
  return { state, reviewer, environments: names };
}

function loginOf(user: unknown): string | undefined {
  return isRecord(user) && typeof user.login === "string" && user.login !== ""
    ? user.login
    : undefined;
}
