import type { Reading, S3BucketFacts, S3ObjectFacts } from "@mlsign/objects";
import type { CheckId } from "./checks.ts";
import { judgeBytes } from "./judge-bytes.ts";
import {
  type Expectation,
  isBefore,
  judged,
  type Judgement,
  type Reason,
  shell,
  type StoragePolicy,
  type StorageVerdict,
} from "./verdict.ts";

/** S3 Object Lock: it protects a version, never what a key means. */
export function judgeS3(
  bucket: S3BucketFacts,
  object: S3ObjectFacts,
  expected: Expectation,
  policy: StoragePolicy,
): Judgement {
  return judged([
    ...bucketReasons(bucket),
    ...presence(bucket, object, expected),
    ...(object.head.kind === "value" ? judgeBytes(object.head.value, expected) : []),
    ...(object.head.kind === "none" ? [] : retained(bucket, object, policy)),
  ]);
}

function bucketReasons({ bucket, lock, versioning, otherOwner }: S3BucketFacts): Reason[] {
  const name = shell(bucket);
  const enable = `aws s3api put-object-lock-configuration --bucket ${name} --object-lock-configuration '{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Days":365}}}'`;
  const version = `aws s3api put-bucket-versioning --bucket ${name} --versioning-configuration Status=Enabled`;
  const reasons: Reason[] = [];
  const add = (verdict: StorageVerdict, code: string, message: string, fix: string): void =>
    void reasons.push({
      check: verdict === "unknown" ? "STO-090" : "STO-030",
      code,
      verdict,
      message,
      fix,
    });
  if (otherOwner === true)
    add(
      "unknown",
      "bucket-owner-mismatch",
      "the bucket belongs to another account than the expected one",
      "find out whose bucket it is, or give its account with --expected-bucket-owner",
    );
  switch (lock.kind) {
    case "none":
      add("unprotected", "object-lock-not-enabled", "Object Lock is not enabled", enable);
      break;
    case "unsupported":
      add(
        "unprotected",
        lock.how === "ignored" ? "object-lock-api-ignored" : "object-lock-api-unsupported",
        `the server ${lock.how === "ignored" ? "ignores" : "does not have"} the Object Lock API`,
        "keep the objects in a store that enforces Object Lock",
      );
      break;
    case "denied":
      add(
        "unknown",
        `lock-config-unreadable:${lock.status}`,
        "the bucket's lock may not be read",
        "grant s3:GetBucketObjectLockConfiguration",
      );
      break;
    case "failed":
      add("unknown", "lock-config-failed", `the bucket's lock was not read: ${lock.why}`, RETRY);
  }
  switch (versioning.kind) {
    case "denied":
      add(
        "unknown",
        `versioning-unreadable:${versioning.status}`,
        "the bucket's versioning may not be read",
        "grant s3:GetBucketVersioning",
      );
      break;
    case "failed":
      add("unknown", "versioning-failed", `versioning was not read: ${versioning.why}`, RETRY);
      break;
    case "none":
    case "unsupported":
      add("unprotected", "versioning-never-enabled", "versioning was never enabled", version);
      break;
    case "value":
      if (versioning.value.status === "Off")
        add("unprotected", "versioning-never-enabled", "versioning was never enabled", version);
      if (versioning.value.status === "Suspended")
        add(
          "unprotected",
          "versioning-suspended",
          "versioning is suspended: the null version is overwritten in place",
          version,
        );
  }
  return reasons;
}

/** Is the pinned version there, and is it what its key means? */
function presence(
  { bucket }: S3BucketFacts,
  { key, head, versions }: S3ObjectFacts,
  expected: Expectation,
): Reason[] {
  const at = `--bucket ${shell(bucket)} --key ${shell(key)}`;
  const tampered = (code: string, message: string, fix: string): Reason => ({
    check: "STO-020",
    code,
    verdict: "tampered",
    message,
    fix,
  });
  const reasons: Reason[] = [];
  const list = versions.kind === "value" ? versions.value : undefined;
  const latest = list?.find(({ isLatest }) => isLatest);
  if (latest?.isMarker === true) {
    reasons.push(
      tampered(
        "delete-marker-hides-object",
        "a delete marker hides it: the key reads as not there",
        `aws s3api delete-object ${at} --version-id ${shell(latest.versionId)}`,
      ),
    );
  } else if (head.kind === "none") {
    const pinned = expected.versionId === undefined ? "object" : "object-version";
    reasons.push(
      tampered(
        `${pinned}-missing:404`,
        "it is not there",
        "restore it from a copy, and push again",
      ),
    );
  }
  if (head.kind === "denied")
    reasons.push(unreadable("object", head, "s3:GetObject, s3:GetObjectVersion and s3:ListBucket"));
  if (head.kind === "failed" || head.kind === "unsupported")
    reasons.push(unreadable("object", head, ""));
  if (expected.versionId !== undefined) {
    if (latest !== undefined && !latest.isMarker && latest.versionId !== expected.versionId) {
      reasons.push(
        tampered(
          "newer-version-shadows-pinned",
          `the newer version ${latest.versionId} shadows the pinned ${expected.versionId}`,
          `aws s3api copy-object --copy-source ${shell(`${bucket}/${key}?versionId=${expected.versionId}`)} ${at}`,
        ),
      );
    }
    // A listing that fails leaves open whether something newer lies on top.
    if (list === undefined && versions.kind !== "value")
      reasons.push(unreadable("versions", versions, "s3:ListBucketVersions"));
    return reasons;
  }
  const older = (list ?? []).filter(({ isLatest, isMarker }) => !isLatest && !isMarker).length;
  if (older > 0 && head.kind === "value") {
    reasons.push({
      check: "STO-011",
      code: "unpinned-key-has-older-versions",
      verdict: "weak",
      message: `no version is pinned, and the key has ${older} older ${older === 1 ? "one" : "ones"}`,
      fix: "pin the version that is meant: mlsign storage pin MODEL",
    });
  }
  if (versions.kind !== "value" && versions.kind !== "unsupported")
    reasons.push(unreadable("versions", versions, "s3:ListBucketVersions"));
  return reasons;
}

function retained(
  { bucket, lock }: S3BucketFacts,
  { key, head, retention, legalHold }: S3ObjectFacts,
  { now, requiredUntil }: StoragePolicy,
): Reason[] {
  const version = head.kind === "value" ? head.value.versionId : undefined;
  const until = requiredUntil?.toISOString() ?? "DATE";
  const command = `aws s3api put-object-retention --bucket ${shell(bucket)} --key ${shell(key)}${version === undefined ? "" : ` --version-id ${shell(version)}`} --retention Mode=COMPLIANCE,RetainUntilDate=${until}`;
  const held = legalHold.kind === "value" && legalHold.value;
  const of = (check: CheckId, verdict: StorageVerdict, code: string, message: string): Reason => ({
    check,
    verdict,
    code,
    message,
    fix: command,
  });
  const without = (code: string, message: string): Reason[] => {
    if (held && lock.kind === "value") {
      const only = of(
        "STO-043",
        "weak",
        "legal-hold-only",
        "only a legal hold protects it; it has no end date and can be lifted",
      );
      return code === "retention-expired" ? [of("STO-040", "weak", code, message), only] : [only];
    }
    // A hold that may not be read could still be there.
    if (legalHold.kind === "denied" && lock.kind === "value")
      return [unreadable("legal-hold", legalHold, "s3:GetObjectLegalHold")];
    return [of("STO-040", "unprotected", code, message)];
  };
  switch (retention.kind) {
    case "denied":
      return [unreadable("retention", retention, "s3:GetObjectRetention")];
    case "failed":
      return [unreadable("retention", retention, "")];
    case "none":
    case "unsupported":
      return without("version-has-no-retention", "this version has no retention");
  }
  const { mode, until: end, eventHoldDays } = retention.value;
  if (eventHoldDays !== undefined) {
    return [
      of(
        "STO-042",
        "weak",
        "event-hold-releasable",
        `an event hold protects it; its release starts a clock of ${eventHoldDays} days`,
      ),
    ];
  }
  const ends = end === undefined ? undefined : new Date(end);
  if (ends === undefined || Number.isNaN(ends.getTime()) || mode === undefined)
    return without("version-has-no-retention", "this version has no retention");
  if (!isBefore(now, ends)) return without("retention-expired", `its retention ended on ${end}`);
  const reasons: Reason[] = [];
  if (mode !== "COMPLIANCE") {
    reasons.push(
      of(
        "STO-042",
        "weak",
        "governance-mode-bypassable",
        `${mode === "GOVERNANCE" ? "GOVERNANCE" : "an unknown mode"} can be bypassed by s3:BypassGovernanceRetention`,
      ),
    );
  }
  if (requiredUntil !== undefined && isBefore(ends, requiredUntil)) {
    reasons.push(
      of(
        "STO-041",
        "weak",
        "retention-ends-early",
        `its retention ends on ${day(ends)}, and must last until ${day(requiredUntil)}`,
      ),
    );
  }
  if (held) {
    reasons.push({
      check: "STO-043",
      code: "legal-hold-beside",
      verdict: "protected",
      message: "a legal hold protects it as well",
    });
  }
  return reasons;
}

function unreadable(what: string, reading: Reading<unknown>, grant: string): Reason {
  const denied = reading.kind === "denied";
  return {
    check: "STO-090",
    code: denied ? `${what}-unreadable:${reading.status}` : `${what}-failed`,
    verdict: "unknown",
    message: denied
      ? `${reading.status} when its ${what} was read: nothing can be told`
      : `its ${what} was not read: ${reading.kind === "failed" ? reading.why : "the server has no such call"}`,
    fix: denied ? `grant ${grant}` : RETRY,
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

const RETRY = "try again, and see that the store answers";
