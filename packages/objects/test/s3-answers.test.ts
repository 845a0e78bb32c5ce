import test from "ava";
import { attemptOf, readingOf } from "../src/s3/answers.ts";

const answer = (code: string, status: number | undefined, message = "") => ({
  code,
  status,
  requestId: undefined,
  message,
});

const READINGS = [
  ["bucket", "ObjectLockConfigurationNotFoundError", 404, "none"],
  ["lock", "NoSuchObjectLockConfiguration", 404, "none"],
  ["lock", "NoSuchObjectLockConfiguration", 400, "none"],
  ["lock", "InvalidRequest", 400, "none"],
  ["bucket", "InvalidRequest", 400, "failed"],
  ["bucket", "NotImplemented", 501, "unsupported"],
  ["lock", "Error", 200, "unsupported"],
  ["lock", "AccessDenied", 403, "denied"],
  ["head", "NotFound", 404, "none"],
  ["bucket", "NoSuchBucket", 404, "failed"],
  ["lock", "InternalError", 500, "failed"],
  ["head", "ECONNREFUSED", undefined, "failed"],
] as const;

for (const [of, code, status, kind] of READINGS) {
  test(`readingOf() takes ${code} (${status}) of a ${of} for ${kind}`, (t) =>
    t.is(readingOf(answer(code, status), of).kind, kind));
}

const ATTEMPTS = [
  ["AccessDenied", 403, true],
  ["AccessDenied", 400, true],
  ["InvalidRequest", 400, true],
  ["PreconditionFailed", 412, true],
  ["SignatureDoesNotMatch", 403, false],
  ["InvalidAccessKeyId", 403, false],
  ["ExpiredToken", 400, false],
  ["MalformedXML", 400, false],
  ["NoSuchKey", 404, false],
  ["SlowDown", 503, false],
  ["TimeoutError", undefined, false],
] as const;

for (const [code, status, refused] of ATTEMPTS) {
  test(`attemptOf() takes ${code} (${status}) for ${refused ? "a refusal" : "no proof"}`, (t) => {
    const attempt = attemptOf(answer(code, status));
    t.deepEqual([attempt.refused, attempt.failed], [refused, !refused]);
  });
}
