import type { GcsBucketFacts, GcsObjectFacts, Reading } from "@mlsign/objects";
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

/** Google Cloud Storage: a locked bucket policy without versioning also fixes what a name means. */
export function judgeGcs(
  bucket: GcsBucketFacts,
  object: GcsObjectFacts,
  expected: Expectation,
  policy: StoragePolicy,
): Judgement {
  return judged([
    ...presence(bucket, object, expected),
    ...(object.head.kind === "value" ? judgeBytes(object.head.value, expected) : []),
    ...(object.head.kind === "none" ? [] : retained(bucket, object, policy)),
  ]);
}

function presence(
  { bucket }: GcsBucketFacts,
  { key, head, live, softDeleted }: GcsObjectFacts,
  { versionId }: Expectation,
): Reason[] {
  const url = `gs://${bucket}/${key}`;
  const tampered = (code: string, message: string, fix: string): Reason => ({
    check: "STO-020",
    code,
    verdict: "tampered",
    message,
    fix,
  });
  const at = versionId === undefined ? url : `${url}#${versionId}`;
  const back = `gcloud storage cp ${shell(at)} ${shell(url)}`;
  if (head.kind === "none") {
    return softDeleted.kind === "value" && softDeleted.value
      ? [
          tampered(
            "generation-soft-deleted",
            "it was deleted, and can be restored for some days",
            `gcloud storage restore ${shell(at)}`,
          ),
        ]
      : [
          tampered(
            "generation-missing",
            "it is not there",
            "restore it from a copy, and push again",
          ),
        ];
  }
  if (head.kind !== "value") return [unreadable("object", head, "storage.objects.get")];
  if (versionId === undefined) return [];
  if (live.kind === "value" && live.value !== versionId) {
    return [
      tampered(
        "newer-generation-shadows-pinned",
        `the live generation ${live.value} shadows the pinned ${versionId}`,
        back,
      ),
    ];
  }
  if (live.kind === "none" || head.value.noncurrent)
    return [tampered("generation-noncurrent", "the name means nothing any more", back)];
  return live.kind === "value" ? [] : [unreadable("live-generation", live, "storage.objects.get")];
}

function retained(
  facts: GcsBucketFacts,
  object: GcsObjectFacts,
  { now, requiredUntil }: StoragePolicy,
): Reason[] {
  if (object.head.kind !== "value") return [];
  const { metadata, permissions } = facts;
  const { retention, expires, temporaryHold, eventBasedHold } = object.head.value;
  const name = shell(`gs://${facts.bucket}`);
  const seconds = requiredUntil
    ? Math.max(1, Math.ceil((requiredUntil.getTime() - now.getTime()) / 1000))
    : 31_536_000;
  const period = `gcloud storage buckets update ${name} --retention-period=${seconds}s`;
  const lock = `gcloud storage buckets update ${name} --lock-retention-period`;
  const horizon = requiredUntil ?? now;
  const of = (
    check: CheckId,
    verdict: StorageVerdict,
    code: string,
    message: string,
    fix?: string,
  ): Reason => ({ check, verdict, code, message, ...(fix !== undefined && { fix }) });

  const policy = metadata.kind === "value" ? metadata.value.retention : undefined;
  const ways: Judgement[] = [];
  if (retention !== undefined) ways.push(judged(objectRetention(retention, of, now, horizon)));
  if (policy !== undefined && eventBasedHold) {
    // The period starts when the hold is released: at least so much remains.
    const least = new Date(now.getTime() + policy.seconds * 1000);
    ways.push(judged(bucketPolicy(least, policy.locked)));
  } else if (expires !== undefined) {
    const locked = metadata.kind === "value" ? (policy?.locked ?? false) : undefined;
    ways.push(judged(bucketPolicy(new Date(expires), locked)));
  }
  if (temporaryHold || eventBasedHold) {
    ways.push(
      judged([
        of(
          "STO-043",
          "weak",
          "hold-only",
          "only a hold protects it; it has no end date and storage.objects.update releases it",
          period,
        ),
      ]),
    );
  }
  const reasons: Reason[] = [];
  if (metadata.kind === "denied" && !ways.some(({ verdict }) => verdict === "protected")) {
    reasons.push(
      of(
        "STO-090",
        "unknown",
        "bucket-metadata-unreadable",
        `${metadata.status} when the bucket was read: nothing can be told`,
        "grant storage.buckets.get",
      ),
    );
  } else if (metadata.kind === "failed") {
    reasons.push(unreadable("bucket-metadata", metadata, ""));
  }
  // Both retentions must pass before an object can go: the stronger one holds.
  const best = ways.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))[0];
  if (best !== undefined) {
    // What is retained for certain is weak at best where the lock may not be read.
    const known = best.verdict === "weak" && metadata.kind === "denied";
    return [...(known ? [] : reasons), ...best.reasons, ...notes(facts, best.verdict), ...power()];
  }
  if (reasons.length > 0) return reasons;
  return [without()];

  function bucketPolicy(end: Date, locked: boolean | undefined): Reason[] {
    if (!isBefore(now, end))
      return [
        of(
          "STO-040",
          "unprotected",
          "retention-expired",
          `its retention ended on ${end.toISOString()}`,
          period,
        ),
      ];
    const found: Reason[] = [];
    if (locked === false)
      found.push(
        of(
          "STO-042",
          "weak",
          "bucket-policy-unlocked",
          "the bucket's retention policy is not locked: storage.buckets.update removes it",
          lock,
        ),
      );
    if (locked === undefined)
      found.push(
        of(
          "STO-042",
          "weak",
          "bucket-policy-lock-unknown",
          "it is retained, and whether the policy is locked may not be read",
          "grant storage.buckets.get",
        ),
      );
    if (isBefore(end, horizon))
      found.push(of("STO-041", "weak", "retention-ends-early", endsEarly(end, horizon), period));
    return found;
  }

  function without(): Reason {
    const { softDeleteSeconds = 0, versioning = false } =
      metadata.kind === "value" ? metadata.value : {};
    if (softDeleteSeconds > 0)
      return of(
        "STO-040",
        "unprotected",
        "recoverable-not-immutable",
        "nothing retains it; soft delete only keeps a copy for some days",
        period,
      );
    if (versioning)
      return of(
        "STO-040",
        "unprotected",
        "versioning-only",
        "nothing retains it; versioning only keeps generations that can be deleted",
        period,
      );
    return of("STO-040", "unprotected", "no-retention", "nothing retains it", period);
  }

  function power(): Reason[] {
    if (permissions.kind !== "value" || policy === undefined || policy.locked) return [];
    const can = permissions.value;
    return can.includes("storage.buckets.update") && can.includes("storage.objects.delete")
      ? [
          of(
            "STO-050",
            "weak",
            "pipeline-can-remove-retention",
            "these credentials may remove the retention and then the object",
            "give the pipeline roles/storage.objectCreator alone",
          ),
        ]
      : [];
  }
}

function objectRetention(
  { mode, until }: { readonly mode: string; readonly until: string },
  of: (
    check: CheckId,
    verdict: StorageVerdict,
    code: string,
    message: string,
    fix?: string,
  ) => Reason,
  now: Date,
  horizon: Date,
): Reason[] {
  const end = new Date(until);
  if (Number.isNaN(end.getTime()) || !isBefore(now, end))
    return [of("STO-040", "unprotected", "retention-expired", `its retention ended on ${until}`)];
  const reasons: Reason[] = [];
  if (mode !== "Locked")
    reasons.push(
      of(
        "STO-042",
        "weak",
        "object-retention-unlocked",
        "its retention is not locked: storage.objects.overrideUnlockedRetention removes it",
        "gcloud storage objects update OBJECT --retention-mode=Locked",
      ),
    );
  if (isBefore(end, horizon))
    reasons.push(of("STO-041", "weak", "retention-ends-early", endsEarly(end, horizon)));
  return reasons;
}

function notes({ metadata }: GcsBucketFacts, verdict: StorageVerdict): Reason[] {
  if (metadata.kind !== "value" || !metadata.value.versioning || verdict !== "protected") return [];
  return [
    {
      check: "STO-062",
      code: "key-rebindable",
      verdict: "protected",
      message: "versioning is on: the name may come to mean another generation",
    },
  ];
}

function unreadable(what: string, reading: Reading<unknown>, grant: string): Reason {
  const denied = reading.kind === "denied";
  return {
    check: "STO-090",
    code: denied ? `${what}-unreadable:${reading.status}` : `${what}-failed`,
    verdict: "unknown",
    message: denied
      ? `${reading.status} when its ${what} was read: nothing can be told`
      : `its ${what} was not read: ${reading.kind === "failed" ? reading.why : "no such call"}`,
    fix: denied ? `grant ${grant}` : "try again, and see that the store answers",
  };
}

function endsEarly(end: Date, horizon: Date): string {
  return `its retention ends on ${end.toISOString().slice(0, 10)}, and must last until ${horizon.toISOString().slice(0, 10)}`;
}

/** The stronger of two ways first. */
const ORDER: readonly StorageVerdict[] = [
  "protected",
  "weak",
  "unknown",
  "unprotected",
  "tampered",
];
