import { type Attempt, keyBelow, type ObjectFacts, type ObjectName } from "@mlsign/objects";
import { drillShorten } from "./drill-shorten.ts";
import type { DrillStores } from "./drill.ts";
import { type Reason, shell } from "./verdict.ts";

export interface CanaryDrill {
  readonly key: string;
  readonly attempts: readonly (Attempt & { readonly step: string })[];
  readonly reasons: readonly Reason[];
  /** Whether writing over what is there is refused on request; `undefined` where that was not seen. */
  readonly createOnly: boolean | undefined;
}

/**
 * Tries everything that must be refused on an object of our own: to delete its version, without
 * and with bypass, to shorten its retention, and to create it again. It is written once, under the
 * bucket's own retention, and serves every drill from then on; what is gone is not written anew.
 */
export async function drillCanary(
  stores: DrillStores,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): Promise<CanaryDrill> {
  const { reader, pipeline } = stores;
  const name = { bucket, key: keyBelow(prefix, CANARY) };
  const attempts: (Attempt & { readonly step: string })[] = [];
  const reasons: Reason[] = [];
  let createOnly: boolean | undefined;
  const done = (): CanaryDrill => ({ key: name.key, attempts, reasons, createOnly });
  const keep = (step: string, attempt: Attempt): Attempt => {
    attempts.push({ ...attempt, step });
    return attempt;
  };

  let before = await reader.object(name);
  if (before.head.kind === "none") {
    const made = keep("create", await pipeline.create(name, CONTENT));
    if (made.refused || made.failed) {
      reasons.push(unproved("canary-not-written", `the canary was not written: ${told(made)}`));
      return done();
    }
    before = await reader.object(name);
  }
  const head = before.head.kind === "value" ? before.head.value : undefined;
  if (head?.versionId === undefined || head.versionId === "null") {
    reasons.push(unproved("canary-not-read", "the canary has no version that could be read"));
    return done();
  }
  const exact = { ...name, versionId: head.versionId };
  // A store that writes over it leaves a second version, and is not asked for a third.
  if (versionsOf(before) > 1) createOnly = false;
  else {
    const again = keep("create-again", await pipeline.create(name, CONTENT));
    createOnly = again.failed ? undefined : again.refused;
  }
  if (!isRetained(before)) {
    reasons.push({
      ...unproved(
        "canary-not-retained",
        "the canary is not retained, so that nothing was tried on it",
      ),
      fix: fixOf(reader.provider, exact),
    });
    return done();
  }

  const mode = modeOf(before);
  for (const bypass of before.provider === "s3" ? [false, true] : [false]) {
    const attempt = keep(
      bypass ? "delete-with-bypass" : "delete",
      await pipeline.removeVersion(exact, { bypass }),
    );
    if (attempt.refused) continue;
    reasons.push(
      attempt.failed
        ? unproved(
            "canary-drill-failed",
            `the canary's deletion was not answered: ${told(attempt)}`,
          )
        : deleted(bypass, mode),
    );
    if (!attempt.failed && bypass && mode === "GOVERNANCE") reasons.push(powerful());
    break;
  }
  const after = await reader.object(exact);
  if (after.head.kind === "none") {
    if (!reasons.some(({ code }) => code.endsWith("-accepted"))) reasons.push(deleted(false, mode));
    return done();
  }
  const shorten = await drillShorten(stores, bucket, after);
  for (const attempt of shorten.attempts) keep("shorten", attempt);
  reasons.push(...shorten.reasons.map((it) => ({ ...it, check: "STO-061" as const })));
  const last = await reader.object(exact);
  if (last.head.kind === "value" && last.head.value.etag !== head.etag && !isGcs(last))
    reasons.push(changed());
  return done();
}

function versionsOf(object: ObjectFacts): number {
  if (object.provider !== "s3" || object.versions.kind !== "value") return 1;
  return object.versions.value.filter(({ isMarker }) => !isMarker).length;
}

function isGcs({ provider }: ObjectFacts): boolean {
  // Its ETag is of the metadata too, which putting a date back changes.
  return provider === "gcs";
}

function isRetained(object: ObjectFacts): boolean {
  if (object.provider === "s3") return object.retention.kind === "value";
  if (object.provider !== "gcs" || object.head.kind !== "value") return false;
  return object.head.value.expires !== undefined || object.head.value.retention !== undefined;
}

function modeOf(object: ObjectFacts): string | undefined {
  return object.provider === "s3" && object.retention.kind === "value"
    ? object.retention.value.mode
    : undefined;
}

function deleted(bypass: boolean, mode: string | undefined): Reason {
  const governance = bypass && mode === "GOVERNANCE";
  return {
    check: "STO-061",
    code: bypass ? "canary-bypass-delete-accepted" : "canary-delete-accepted",
    verdict: governance ? "weak" : "unprotected",
    message: `the store deleted the locked canary${bypass ? " with bypass" : ""}; it is gone`,
    fix: governance
      ? "explicitly deny s3:BypassGovernanceRetention in the bucket's policy, or use COMPLIANCE; then write the canary again by a new drill"
      : "the store does not enforce what it reports: keep the objects in one that does",
  };
}

function powerful(): Reason {
  return {
    check: "STO-050",
    code: "pipeline-may-bypass",
    verdict: "weak",
    message: "the drill's credentials may bypass a GOVERNANCE retention",
    fix: "explicitly deny s3:BypassGovernanceRetention and s3:DeleteObjectVersion to the pipeline",
  };
}

function changed(): Reason {
  return {
    check: "STO-061",
    code: "canary-changed",
    verdict: "unprotected",
    message: "the canary's version has other bytes after the drill",
    fix: "the store does not keep versions: keep the objects in one that does",
  };
}

function unproved(code: string, message: string): Reason {
  return {
    check: "STO-061",
    code,
    verdict: "unknown",
    message,
    fix: "try again, and see that the drill's credentials may write below .mlsign/",
  };
}

function told({ code, status }: Attempt): string {
  return `${code ?? ""} ${status ?? ""}`.trim();
}

function fixOf(provider: string, { bucket, key, versionId = "" }: ObjectName): string {
  return provider === "s3"
    ? `aws s3api put-object-retention --bucket ${shell(bucket)} --key ${shell(key)} --version-id ${shell(versionId)} --retention Mode=COMPLIANCE,RetainUntilDate=DATE`
    : `gcloud storage buckets update ${shell(`gs://${bucket}`)} --retention-period=SECONDS`;
}

/** Below the prefix; nobody's data. */
export const CANARY = ".mlsign/canary";
const CONTENT = Buffer.from("mlsign: deleting this object must be refused\n");
