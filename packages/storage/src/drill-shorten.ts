import type { Attempt, ObjectFacts, ObjectName, ObjectStore } from "@mlsign/objects";
import type { DrillJournal, DrillStores } from "./drill.ts";
import { type Reason, shell } from "./verdict.ts";

export interface ShortenDrill {
  readonly attempts: readonly Attempt[];
  readonly reasons: readonly Reason[];
}

/**
 * Asks the store to let go of exactly this version one second early, without and with bypass. Who
 * accepts does not enforce what it says; the date is put back at once, which a lock always allows.
 */
export async function drillShorten(
  { reader, pipeline, journal }: DrillStores,
  bucket: string,
  object: ObjectFacts,
): Promise<ShortenDrill> {
  const wanted = retentionOf(object);
  if (wanted === undefined) return { attempts: [], reasons: [] };
  const { mode, until } = wanted;
  const now = reader.serverTime();
  // What ends in a moment cannot be asked for an earlier date that is still to come.
  if (now !== undefined && until.getTime() < now.getTime() + ENDING_MS)
    return { attempts: [], reasons: [] };
  const name = { bucket, key: object.key, versionId: wanted.versionId };
  const attempts: Attempt[] = [];
  const reasons: Reason[] = [];
  const entry = { endpoint: pipeline.endpoint, ...name, mode, until: until.toISOString() };
  journal?.begin(entry);
  for (const bypass of [false, true]) {
    // A refusal of the plain request says nothing of the one with bypass.
    const attempt = await pipeline.retain(name, new Date(until.getTime() - 1000), { mode, bypass });
    attempts.push(attempt);
    if (attempt.refused) continue;
    // A lost answer may have been a yes: the date is looked at, and put back.
    reasons.push(attempt.failed ? unproved(attempt) : accepted(bypass, mode));
    const back = await restore({ reader, pipeline }, name, { mode, until });
    if (back !== undefined) {
      reasons.push(back);
      // It stays in the journal, for the next drill to mend.
      return { attempts, reasons };
    }
    break;
  }
  journal?.end(entry);
  return { attempts, reasons };
}

/**
 * Mends what drills left that were killed halfway, and says so.
 */
export async function recoverDrills(
  stores: { readonly reader: ObjectStore; readonly pipeline: ObjectStore },
  journal: DrillJournal,
): Promise<Reason[]> {
  const reasons: Reason[] = [];
  for (const entry of journal.open()) {
    if (entry.endpoint !== stores.pipeline.endpoint) continue;
    const name = { bucket: entry.bucket, key: entry.key, versionId: entry.versionId };
    const until = new Date(entry.until);
    const back = await restore(stores, name, { mode: entry.mode, until });
    if (back === undefined) {
      journal.end(entry);
      reasons.push({
        check: "STO-060",
        code: "drill-interrupted-restored",
        verdict: "protected",
        message: `an interrupted drill of ${entry.bucket}/${entry.key} was mended: retained until ${entry.until}`,
      });
    } else {
      const message = `${entry.bucket}/${entry.key}: ${back.message}`;
      reasons.push({ ...back, code: "drill-interrupted", message });
    }
  }
  return reasons;
}

/** Puts a date back where it is earlier now; why it could not, else. */
async function restore(
  { reader, pipeline }: { readonly reader: ObjectStore; readonly pipeline: ObjectStore },
  name: ObjectName,
  { mode, until }: { readonly mode: string; readonly until: Date },
): Promise<Reason | undefined> {
  const isBack = async (): Promise<boolean> => {
    const now = retentionOf(await reader.object(name, []))?.until;
    return now !== undefined && now.getTime() >= until.getTime() - ROUNDING_MS;
  };
  let last: Attempt | undefined;
  for (let tries = 0; tries < RESTORE_TRIES; tries += 1) {
    if (await isBack()) return undefined;
    last = await pipeline.retain(name, until, { mode, bypass: false });
  }
  return (await isBack()) ? undefined : notRestored(last, name, until, mode);
}

/** The retention of exactly this version; `undefined` where it has none of its own. */
function retentionOf(
  object: ObjectFacts,
): { readonly versionId: string; readonly mode: string; readonly until: Date } | undefined {
  if (object.head.kind !== "value") return undefined;
  const { versionId } = object.head.value;
  const found =
    object.provider === "s3"
      ? object.retention.kind === "value"
        ? object.retention.value
        : undefined
      : object.provider === "gcs" && object.head.kind === "value"
        ? object.head.value.retention
        : undefined;
  if (versionId === undefined || found?.until === undefined || found.mode === undefined)
    return undefined;
  const until = new Date(found.until);
  return Number.isNaN(until.getTime()) ? undefined : { versionId, mode: found.mode, until };
}

function accepted(bypass: boolean, mode: string): Reason {
  const bypassable = bypass && (mode === "GOVERNANCE" || mode === "Unlocked");
  return {
    check: "STO-060",
    code: bypass ? "drill-bypass-accepted" : "drill-shorten-accepted",
    verdict: bypassable ? "weak" : "unprotected",
    message: `the server accepted a shorter ${mode} date${bypass ? " with bypass" : ""}`,
    fix: bypassable
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

function notRestored(
  attempt: Attempt | undefined,
  { bucket, key, versionId = "" }: ObjectName,
  until: Date,
  mode: string,
): Reason {
  const code = attempt?.code;
  const date = until.toISOString();
  return {
    check: "STO-060",
    code: "drill-not-restored",
    verdict: "unprotected",
    message: `the drill shortened the retention and could not put it back${code === undefined ? "" : `: ${code}`}`,
    fix:
      mode === "Locked" || mode === "Unlocked"
        ? `gcloud storage objects update ${shell(`gs://${bucket}/${key}#${versionId}`)} --retain-until=${date} --retention-mode=${mode}`
        : `aws s3api put-object-retention --bucket ${shell(bucket)} --key ${shell(key)} --version-id ${shell(versionId)} --retention Mode=${mode},RetainUntilDate=${date}`,
  };
}

/** S3 servers round dates to seconds. */
const ROUNDING_MS = 999;
const RESTORE_TRIES = 3;
const ENDING_MS = 5_000;
