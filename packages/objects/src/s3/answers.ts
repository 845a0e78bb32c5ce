import { messageOf, systemCode } from "@mlsign/core";
import type { Reading } from "../facts.ts";
import type { Attempt } from "../store.ts";

/** What an S3 server said: by its code and status, never by its message, which no two share. */
export interface S3Answer {
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly message: string;
}

/** The SDK's error as data. */
export function answerOf(error: unknown): S3Answer {
  const { name, $metadata } = error as {
    name?: unknown;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  };
  return {
    code: systemCode(error) ?? (typeof name === "string" ? name : "Error"),
    status: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
    message: messageOf(error),
  };
}

/** A reading that ended in an error. Each server has its own way to say "none". */
export function readingOf(
  { code, status }: S3Answer,
  of: "bucket" | "head" | "lock",
): Exclude<Reading<never>, { kind: "value" }> {
  if (LOCK_ABSENT.has(code)) return { kind: "none" };
  if (of === "lock" && code === "InvalidRequest") return { kind: "none" };
  if (of === "head" && status === 404) return { kind: "none" };
  // MethodNotAllowed on HEAD means a delete marker.
  if (of === "head" && status === 405) return { kind: "none" };
  if (of === "lock" && status === 404) return { kind: "none" };
  if (UNSUPPORTED.has(code) || status === 501 || status === 405)
    return { kind: "unsupported", how: "refused" };
  // An object's body where its lock was asked for: the server does not know the question.
  if (status === 200) return { kind: "unsupported", how: "ignored" };
  if (status === 403 || status === 401) return { kind: "denied", status };
  return { kind: "failed", why: status === undefined ? code : `${code} (${status})` };
}

/** What became of an attempt that must be refused. A refusal of the caller as such proves nothing. */
export function attemptOf(answer: S3Answer): Attempt {
  const { code, status, requestId, message } = answer;
  const refused =
    !CALLER.has(code) &&
    (status === 403 ||
      status === 409 ||
      status === 412 ||
      (status === 400 && (code === "InvalidRequest" || code === "AccessDenied")));
  return {
    refused,
    failed: !refused,
    status,
    code,
    requestId,
    refusedBy: refused ? refuser(status, message) : "unknown",
  };
}

function refuser(status: number | undefined, message: string): Attempt["refusedBy"] {
  if (status === 412 || status === 409) return "condition";
  if (/object lock|WORM|retain-until|retention/i.test(message)) return "lock";
  return /not authorized|policy/i.test(message) ? "iam" : "unknown";
}

const LOCK_ABSENT: ReadonlySet<string> = new Set([
  "ObjectLockConfigurationNotFoundError",
  "NoSuchObjectLockConfiguration",
  "NoSuchLifecycleConfiguration",
]);
const UNSUPPORTED: ReadonlySet<string> = new Set(["NotImplemented", "MethodNotAllowed"]);
const CALLER: ReadonlySet<string> = new Set([
  "SignatureDoesNotMatch",
  "InvalidAccessKeyId",
  "ExpiredToken",
  "InvalidToken",
  "RequestTimeTooSkewed",
]);
