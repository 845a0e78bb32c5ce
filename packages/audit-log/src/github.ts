import type { AuditEvent } from "./event.ts";
import { commitOf, type Fields, recordOf, textOf, timeOf } from "./fields.ts";

/**
 * GitHub: an entry of the audit log (`git.push`, which names no commit), or of a repository's
 * activity (REST `GET /repos/{owner}/{repo}/activity`), which does.
 */
export function githubEvent(entry: Fields): AuditEvent | undefined {
  if (entry.action === "git.push") {
    const at = timeOf(entry["@timestamp"] ?? entry.created_at);
    if (at === undefined) return undefined;
    return {
      kind: "push",
      source: "github",
      at,
      actor: textOf(entry.actor),
      repository: textOf(entry.repo) ?? textOf(entry.repository),
      ref: textOf(entry.ref),
      before: commitOf(entry.before),
      after: commitOf(entry.after),
      forced: false,
    };
  }
  const activity = textOf(entry.activity_type);
  const at = timeOf(entry.timestamp);
  if (activity === undefined || at === undefined || !ACTIVITIES.has(activity)) return undefined;
  return {
    kind: "push",
    source: "github",
    at,
    actor: textOf(recordOf(entry.actor).login),
    repository: undefined,
    ref: textOf(entry.ref),
    before: commitOf(entry.before),
    after: commitOf(entry.after),
    forced: activity === "force_push",
  };
}

const ACTIVITIES: ReadonlySet<string> = new Set([
  "push",
  "force_push",
  "branch_creation",
  "pr_merge",
  "merge_queue_merge",
]);
