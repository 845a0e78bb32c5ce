import type { AzureBucketFacts, AzureObjectFacts, Reading } from "@mlsign/objects";
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

/**
 * Azure Blob Storage: a version's own policy decides. A container's is weak at best, as neither its
 * lock nor its period is told to those who read.
 */
export function judgeAzure(
  bucket: AzureBucketFacts,
  object: AzureObjectFacts,
  expected: Expectation,
  policy: StoragePolicy,
): Judgement {
  return judged([
    ...presence(bucket, object, expected),
    ...(object.head.kind === "value" ? judgeBytes(object.head.value, expected) : []),
    ...(object.head.kind === "value" ? retained(bucket, object, policy) : []),
  ]);
}

function presence(
  { bucket }: AzureBucketFacts,
  { key, head, versions }: AzureObjectFacts,
  { versionId }: Expectation,
): Reason[] {
  const at = `--container-name ${shell(bucket)} --name ${shell(key)}`;
  const tampered = (code: string, message: string, fix: string): Reason => ({
    check: "STO-020",
    code,
    verdict: "tampered",
    message,
    fix,
  });
  if (head.kind === "none") {
    const code = versionId === undefined ? "object-missing:404" : "object-version-missing:404";
    return [tampered(code, "it is not there", `az storage blob undelete ${at}, or push it again`)];
  }
  if (head.kind !== "value") return [unreadable("object", head)];
  if (versionId === undefined) return [];
  const live =
    versions.kind === "value" ? versions.value.find(({ isLatest }) => isLatest) : undefined;
  if (head.value.noncurrent || (live !== undefined && live.versionId !== versionId)) {
    const message =
      live === undefined
        ? "the name means nothing any more"
        : `the newer version ${live.versionId} shadows the pinned ${versionId}`;
    const fix = `az storage blob copy start ${at.replace("--name", "--destination-blob").replace("--container-name", "--destination-container")} --source-uri URL?versionid=${shell(versionId)}`;
    return [tampered("newer-version-shadows-pinned", message, fix)];
  }
  return versions.kind === "value" ? [] : [unreadable("versions", versions)];
}

function retained(
  { bucket, container }: AzureBucketFacts,
  { key, head }: AzureObjectFacts,
  { now, requiredUntil }: StoragePolicy,
): Reason[] {
  if (head.kind !== "value") return [];
  const until = (requiredUntil ?? now).toISOString();
  const fix = `az storage blob immutability-policy set --container-name ${shell(bucket)} --name ${shell(key)} --policy-mode Locked --expiry-time ${until}`;
  const of = (check: CheckId, verdict: StorageVerdict, code: string, message: string): Reason => ({
    check,
    verdict,
    code,
    message,
    fix,
  });
  const { retention, legalHold } = head.value;
  const own = container.kind === "value" ? container.value : undefined;
  const end = retention && new Date(retention.until);
  if (retention !== undefined && end !== undefined && isBefore(now, end)) {
    const reasons: Reason[] = [];
    if (retention.mode.toLowerCase() !== "locked") {
      const message = "its policy is not locked: it can be shortened or deleted";
      reasons.push(of("STO-042", "weak", "blob-policy-unlocked", message));
    }
    if (requiredUntil !== undefined && isBefore(end, requiredUntil)) {
      const message = `its retention ends on ${day(end)}, and must last until ${day(requiredUntil)}`;
      reasons.push(of("STO-041", "weak", "retention-ends-early", message));
    }
    return reasons;
  }
  if (own?.policy === true && !own.versionLevel) {
    const message = "the container has a policy; whether it is locked, and until when, is not told";
    return [of("STO-042", "weak", "container-policy-lock-unknown", message)];
  }
  if (legalHold || own?.legalHold === true) {
    const message = "only a legal hold protects it; it has no end date and can be lifted";
    return [of("STO-043", "weak", "legal-hold-only", message)];
  }
  if (container.kind !== "value") return [unreadable("container", container)];
  return retention === undefined
    ? [of("STO-040", "unprotected", "no-retention", "nothing retains it")]
    : [
        of(
          "STO-040",
          "unprotected",
          "retention-expired",
          `its retention ended on ${retention.until}`,
        ),
      ];
}

function unreadable(what: string, reading: Reading<unknown>): Reason {
  const denied = reading.kind === "denied";
  return {
    check: "STO-090",
    code: denied ? `${what}-unreadable:${reading.status}` : `${what}-failed`,
    verdict: "unknown",
    message: denied
      ? `${reading.status} when its ${what} was read: nothing can be told`
      : `its ${what} was not read: ${reading.kind === "failed" ? reading.why : "no such call"}`,
    fix: denied ? "grant the role Storage Blob Data Reader" : "try again, and see that it answers",
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
