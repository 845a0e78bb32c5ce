import type { AuditEvent } from "./event.ts";
import { type Fields, recordOf, textOf, timeOf } from "./fields.ts";

/**
 * A listing of object versions: S3's `list-object-versions` (a version or a delete marker of it),
 * or an object resource of Cloud Storage.
 */
export function versionEvent(entry: Fields, deleted: boolean): AuditEvent | undefined {
  const key = textOf(entry.Key) ?? (textOf(entry.generation) && textOf(entry.name));
  const at = timeOf(entry.LastModified ?? entry.timeCreated ?? entry.creation_time);
  if (key === undefined || at === undefined) return undefined;
  const owner = recordOf(entry.Owner);
  return {
    kind: deleted ? "delete" : "version",
    source: "object-versions",
    at,
    actor: textOf(owner.DisplayName) ?? textOf(owner.ID),
    bucket: textOf(entry.bucket),
    key,
    versionId: textOf(entry.VersionId) ?? textOf(entry.generation),
  };
}
