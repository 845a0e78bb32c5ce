import { messageOf, systemCode } from "@mlsign/core";
import type { Reading } from "../facts.ts";
import type { Attempt } from "../store.ts";

/** What Google Cloud Storage, or a server like it, said. */
export interface GcsAnswer {
  readonly status: number | undefined;
  /** `retentionPolicyNotMet`, `forbidden`, or an error of the network. */
  readonly reason: string;
  readonly message: string;
  readonly requestId: string | undefined;
  readonly date: string | undefined;
}

/** The SDK's error as data. Emulators leave `errors` out. */
export function answerOf(error: unknown): GcsAnswer {
  const { code, errors, response } = error as {
    code?: unknown;
    errors?: readonly { reason?: unknown }[];
    response?: unknown;
  };
  const status = typeof code === "number" ? code : undefined;
  const reason = errors?.[0]?.reason;
  return {
    status,
    reason: typeof reason === "string" ? reason : (systemCode(error) ?? "error"),
    message: messageOf(error),
    ...headersOf(response),
  };
}

/** The request's id and the server's time, of an answer of the SDK's. */
export function headersOf(response: unknown): Pick<GcsAnswer, "requestId" | "date"> {
  const { headers } = (response ?? {}) as { headers?: unknown };
  const of = (name: string): string | undefined => {
    const value: unknown =
      headers instanceof Headers
        ? headers.get(name)
        : (headers as Record<string, unknown> | undefined)?.[name];
    return typeof value === "string" ? value : undefined;
  };
  return { requestId: of("x-guploader-uploadid"), date: of("date") };
}

/** A reading that ended in an error. */
export function readingOf({
  status,
  reason,
}: GcsAnswer): Exclude<Reading<never>, { kind: "value" }> {
  if (status === 404) return { kind: "none" };
  if (status === 401 || status === 403) return { kind: "denied", status };
  if (status === 501 || status === 405) return { kind: "unsupported", how: "refused" };
  return { kind: "failed", why: status === undefined ? reason : `${reason} (${status})` };
}

/** What became of an attempt that must be refused. Who does not know the caller proves nothing. */
export function attemptOf({ status, reason, message, requestId }: GcsAnswer): Attempt {
  const refused = status === 403 || status === 412;
  return {
    refused,
    failed: !refused,
    status,
    code: reason,
    requestId,
    refusedBy: refused ? refuser(status, reason, message) : "unknown",
  };
}

/** Held objects are `forbidden` with a message of their hold; so is a caller without the right. */
function refuser(
  status: number | undefined,
  reason: string,
  message: string,
): Attempt["refusedBy"] {
  if (status === 412) return "condition";
  if (/retention|hold/i.test(`${reason} ${message}`)) return "lock";
  return /does not have|permission|access/i.test(message) ? "iam" : "unknown";
}
