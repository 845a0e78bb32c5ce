import { MlsignError } from "@mlsign/core";
import { answerOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";

/** What a listing or a download ended in. */
export function failed(verb: string, { endpoint }: S3Connection, cause: unknown): MlsignError {
  const { code, status } = answerOf(cause);
  if (code === "NoSuchBucket")
    return new MlsignError("storage-bucket-missing", `Cannot ${verb}: there is no such bucket`);
  return new MlsignError(
    "service-failed",
    `Cannot ${verb} at ${endpoint}: ${code}${status === undefined ? "" : ` (${status})`}`,
    {
      cause,
      ...(status === 403 && {
        hint: verb === "list" ? "grant s3:ListBucketVersions" : "grant s3:GetObject",
      }),
    },
  );
}
