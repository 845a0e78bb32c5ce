import type { BucketFacts } from "@mlsign/objects";
import { type Reason, shell, type StoragePolicy } from "./verdict.ts";

/** What is told of a bucket once, beside its objects: nothing of it refuses. */
export function judgeBucket(bucket: BucketFacts, policy: StoragePolicy): Reason[] {
  return [...byDefault(bucket, policy), ...lifecycle(bucket, policy), ...overwrite(bucket)];
}

/** STO-031: whether what is written next is retained without being asked for. */
function byDefault(bucket: BucketFacts, { now, requiredUntil }: StoragePolicy): Reason[] {
  const days = requiredUntil
    ? Math.max(1, Math.ceil((requiredUntil.getTime() - now.getTime()) / DAY))
    : 365;
  if (bucket.provider === "s3") {
    if (bucket.lock.kind !== "value") return [];
    const rule = bucket.lock.value.default;
    const short = rule?.days !== undefined && requiredUntil !== undefined && rule.days < days;
    if (rule !== undefined && !short) return [];
    return [
      {
        check: "STO-031",
        code: rule === undefined ? "no-default-retention" : "default-retention-short",
        verdict: "protected",
        severity: "warning",
        message:
          rule === undefined
            ? "new objects are written without retention"
            : `new objects are retained for ${rule.days} days, and must be for ${days}`,
        fix: `aws s3api put-object-lock-configuration --bucket ${shell(bucket.bucket)} --object-lock-configuration '{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Days":${days}}}}'`,
      },
    ];
  }
  if (bucket.provider !== "gcs" || bucket.metadata.kind !== "value") return [];
  const { retention } = bucket.metadata.value;
  const seconds = days * 86_400;
  const short =
    retention !== undefined && requiredUntil !== undefined && retention.seconds < seconds;
  if (retention !== undefined && !short) return [];
  return [
    {
      check: "STO-031",
      code: retention === undefined ? "no-default-retention" : "default-retention-short",
      verdict: "protected",
      severity: "warning",
      message:
        retention === undefined
          ? "new objects are written without retention"
          : `new objects are retained for ${retention.seconds} s, and must be for ${seconds}`,
      fix: `gcloud storage buckets update ${shell(`gs://${bucket.bucket}`)} --retention-period=${seconds}s`,
    },
  ];
}

/** STO-070: what destroys objects once nothing retains them. */
function lifecycle(bucket: BucketFacts, _policy: StoragePolicy): Reason[] {
  const days =
    bucket.provider === "s3" && bucket.lifecycle.kind === "value"
      ? bucket.lifecycle.value.noncurrentDays
      : bucket.provider === "gcs" && bucket.metadata.kind === "value"
        ? bucket.metadata.value.deleteAfterDays
        : undefined;
  if (days === undefined) return [];
  return [
    {
      check: "STO-070",
      code: "lifecycle-after-retention",
      verdict: "protected",
      message:
        bucket.provider === "s3"
          ? `a rule destroys noncurrent versions after ${days} days, once nothing retains them`
          : `a rule deletes objects after ${days} days, once nothing retains them`,
      fix:
        bucket.provider === "s3"
          ? `aws s3api get-bucket-lifecycle-configuration --bucket ${shell(bucket.bucket)}, and take the rule out or make it later`
          : `gcloud storage buckets describe ${shell(`gs://${bucket.bucket}`)} --format='json(lifecycle_config)', and take the rule out or make it later`,
    },
  ];
}

/** STO-062: whether writing over an object is refused, or noticed at least. */
function overwrite(bucket: BucketFacts): Reason[] {
  const of = (code: string, message: string, fix?: string): Reason[] => [
    { check: "STO-062", code, verdict: "protected", message, ...(fix !== undefined && { fix }) },
  ];
  if (bucket.provider === "gcs") {
    if (bucket.metadata.kind !== "value") return [];
    const { retention, versioning } = bucket.metadata.value;
    if (retention?.locked === true && !versioning)
      return of("overwrite-refused", "what is retained cannot be overwritten");
    const { permissions } = bucket;
    if (permissions.kind === "value" && !permissions.value.includes("storage.objects.delete"))
      return of("overwrite-needs-delete", "these credentials can only create objects");
    return of(
      "overwrite-noticed",
      "an overwrite may succeed: it is noticed where the generation is pinned",
      "give the pipeline roles/storage.objectCreator alone",
    );
  }
  if (bucket.provider !== "s3") return [];
  return of(
    "overwrite-noticed",
    "a new version can be put over any object: it is noticed where the version is pinned",
    "mlsign storage pin MODEL",
  );
}

const DAY = 86_400_000;
