import type { AuditEvent } from "./event.ts";
import { type Fields, recordOf, textOf, timeOf } from "./fields.ts";

/** AWS CloudTrail: a data event of S3 that wrote or deleted an object, where it succeeded. */
export function cloudTrailEvent(entry: Fields): AuditEvent | undefined {
  const name = textOf(entry.eventName);
  const at = timeOf(entry.eventTime);
  if (entry.eventSource !== "s3.amazonaws.com" || name === undefined || at === undefined)
    return undefined;
  const kind = WRITES.has(name) ? "upload" : DELETES.has(name) ? "delete" : undefined;
  const { bucketName, key, versionId } = recordOf(entry.requestParameters);
  const object = textOf(key);
  if (kind === undefined || object === undefined || entry.errorCode !== undefined) return undefined;
  const identity = recordOf(entry.userIdentity);
  return {
    kind,
    source: "cloudtrail",
    at,
    actor: textOf(identity.arn) ?? textOf(identity.invokedBy) ?? textOf(identity.principalId),
    bucket: textOf(bucketName),
    key: object,
    versionId: textOf(recordOf(entry.responseElements)["x-amz-version-id"]) ?? textOf(versionId),
  };
}

const WRITES: ReadonlySet<string> = new Set(["PutObject", "CopyObject", "CompleteMultipartUpload"]);
const DELETES: ReadonlySet<string> = new Set(["DeleteObject"]);
