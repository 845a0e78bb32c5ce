import { MlsignError } from "@mlsign/core";
import { answerOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";

/** What a listing or a download ended in. */
export function failed(verb: string, { endpoint }: GcsConnection, cause: unknown): MlsignError {
  const { reason, status } = answerOf(cause);
  if (verb === "list" && status === 404)
    return new MlsignError("storage-bucket-missing", "Cannot list: there is no such bucket");
  return new MlsignError(
    "service-failed",
    `Cannot ${verb} at ${endpoint}: ${reason}${status === undefined ? "" : ` (${status})`}`,
    {
      cause,
      ...(status === 403 && { hint: `grant storage.objects.${verb === "list" ? "list" : "get"}` }),
    },
  );
}
