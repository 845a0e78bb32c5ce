import type { AuditEvent } from "./event.ts";
import { type Fields, recordOf, textOf, timeOf } from "./fields.ts";

/** Google Cloud: a data access log entry of Cloud Storage that wrote or deleted an object. */
export function gcsEvent(entry: Fields): AuditEvent | undefined {
  const payload = recordOf(entry.protoPayload);
  if (payload.serviceName !== "storage.googleapis.com") return undefined;
  const kind = METHODS.get(textOf(payload.methodName) ?? "");
  const at = timeOf(entry.timestamp);
  const object = RESOURCE.exec(textOf(payload.resourceName) ?? "");
  const { code } = recordOf(payload.status);
  if (kind === undefined || at === undefined || object === null) return undefined;
  if (typeof code === "number" && code !== 0) return undefined;
  const { generation } = recordOf(recordOf(payload.metadata));
  return {
    kind,
    source: "gcs",
    at,
    actor: textOf(recordOf(payload.authenticationInfo).principalEmail),
    bucket: object[1],
    key: object[2] ?? "",
    versionId: textOf(generation),
  };
}

const RESOURCE = /^projects\/_\/buckets\/([^/]+)\/objects\/(.+)$/;
const METHODS: ReadonlyMap<string, "upload" | "delete"> = new Map([
  ["storage.objects.create", "upload"],
  ["storage.objects.delete", "delete"],
]);
