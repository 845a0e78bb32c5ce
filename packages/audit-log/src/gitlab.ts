import type { AuditEvent } from "./event.ts";
import { commitOf, type Fields, recordOf, textOf, timeOf } from "./fields.ts";

/**
 * GitLab: a push of a project's events (REST `GET /projects/:id/events?action=pushed`), or a
 * streamed audit event of a push (`repository_git_operation`, which names no commit).
 */
export function gitlabEvent(entry: Fields): AuditEvent | undefined {
  const at = timeOf(entry.created_at);
  if (at === undefined) return undefined;
  const push = recordOf(entry.push_data);
  if (entry.push_data !== undefined && textOf(entry.action_name)?.startsWith("pushed ") === true) {
    const name = textOf(push.ref);
    const kind = push.ref_type === "tag" ? "tags" : "heads";
    return {
      kind: "push",
      source: "gitlab",
      at,
      actor: textOf(entry.author_username) ?? textOf(recordOf(entry.author).username),
      repository: undefined,
      ref: name === undefined ? undefined : `refs/${kind}/${name}`,
      before: commitOf(push.commit_from),
      after: commitOf(push.commit_to),
      forced: false,
    };
  }
  const details = recordOf(entry.details);
  const message = recordOf(details.custom_message);
  const operation = [entry.event_type, details.event_name].includes("repository_git_operation");
  if (!operation || message.action !== "git-receive-pack") return undefined;
  return {
    kind: "push",
    source: "gitlab",
    at,
    actor: textOf(details.author_name) ?? textOf(entry.author_name),
    repository: textOf(entry.entity_path) ?? textOf(details.entity_path),
    ref: undefined,
    before: undefined,
    after: undefined,
    forced: false,
  };
}
