import type { Attempt, ObjectFacts, ObjectStore } from "@mlsign/objects";
import type { Reason } from "./verdict.ts";

export interface ShortenDrill {
  readonly attempts: readonly Attempt[];
  readonly reasons: readonly Reason[];
}

/**
 * Asks the store to let go of exactly this version one second early, without and with bypass. Who
 * accepts does not enforce what it says; the date is put back at once, which a lock always allows.
 */
export async function drillShorten(
  store: ObjectStore,
  bucket: string,
  object: ObjectFacts,
): Promise<ShortenDrill> {
  const wanted =
    object.provider === "s3" && object.head.kind === "value" && object.retention.kind === "value"
      ? { versionId: object.head.value.versionId, ...object.retention.value }
      : undefined;
  if (wanted?.versionId === undefined || wanted.until === undefined || wanted.mode === undefined)
    return { attempts: [], reasons: [] };
  const { mode } = wanted;
  const name = { bucket, key: object.key, versionId: wanted.versionId };
  const until = new Date(wanted.until);
  const early = new Date(until.getTime() - 1000);
  const attempts: Attempt[] = [];
  const reasons: Reason[] = [];
  for (const bypass of [false, true]) {
    // A refusal of the plain request says nothing of the one with bypass.
    const attempt = await store.retain(name, early, { mode, bypass });
    attempts.push(attempt);
    if (attempt.refused) continue;
    if (attempt.failed) {
      reasons.push(unproved(attempt));
      // A lost answer may have been a yes: the date is looked at, and put back.
    } else {
      reasons.push(accepted(bypass, mode));
    }
    const restored = await store.retain(name, until, { mode, bypass: false });
    const after = await store.object(name);
    const back =
      after.provider === "s3" &&
      after.retention.kind === "value" &&
      after.retention.value.until !== undefined &&
      new Date(after.retention.value.until).getTime() >= until.getTime() - 999;
    if (!back) reasons.push(notRestored(restored, until));
    break;
  }
  return { attempts, reasons };
}

function accepted(bypass: boolean, mode: string): Reason {
  const governance = bypass && mode === "GOVERNANCE";
  return {
    check: "STO-060",
    code: bypass ? "drill-bypass-accepted" : "drill-shorten-accepted",
    verdict: governance ? "weak" : "unprotected",
    message: `the server accepted a shorter ${mode} date${bypass ? " with bypass" : ""}`,
    fix: governance
      ? "deny s3:BypassGovernanceRetention to these credentials, or use COMPLIANCE"
      : "the store does not enforce what it reports: keep the objects in one that does",
  };
}

function unproved({ code, status }: Attempt): Reason {
  return {
    check: "STO-060",
    code: "drill-failed",
    verdict: "unknown",
    message: `the drill was not answered: ${code ?? ""} ${status ?? ""}`.trim(),
    fix: "try again, and see that the store answers",
  };
}

function notRestored({ code }: Attempt, until: Date): Reason {
  return {
    check: "STO-060",
    code: "drill-not-restored",
    verdict: "unprotected",
    message: `the drill shortened the retention and could not put it back${code === undefined ? "" : `: ${code}`}`,
    fix: `extend it to ${until.toISOString()} by aws s3api put-object-retention`,
  };
}
