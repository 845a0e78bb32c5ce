import { MlsignError, printable } from "@mlsign/core";
import type { GcsBucketFacts, Read } from "../facts.ts";
import type { GcsConnection } from "./client.ts";
import { readerOf } from "./reading.ts";

/** What decides for every object of a bucket, and what this caller could undo. */
export async function readBucket(
  connection: GcsConnection,
  bucket: string,
): Promise<GcsBucketFacts> {
  const reads: Read[] = [];
  const read = readerOf(connection, reads);
  const asked = connection.storage.bucket(bucket);
  const metadata = await read("buckets.get", asked.getMetadata(), (found) => ({
    kind: "value",
    value: policyOf(found),
  }));
  if (metadata.kind === "none") {
    throw new MlsignError(
      "storage-bucket-missing",
      `Cannot look at bucket ${printable(bucket)}: there is none at ${connection.endpoint}`,
    );
  }
  const permissions = await read(
    "buckets.testIamPermissions",
    asked.iam.testPermissions([...UNDOING]),
    (granted: Readonly<Record<string, boolean>>): GcsBucketFacts["permissions"] => ({
      kind: "value",
      value: UNDOING.filter((name) => granted[name] === true),
    }),
  );
  return { provider: "gcs", bucket, metadata, permissions, reads };
}

type Policy = Extract<GcsBucketFacts["metadata"], { kind: "value" }>["value"];

function policyOf(found: object): Policy {
  const {
    retentionPolicy: retention,
    objectRetention,
    versioning,
    softDeletePolicy,
    iamConfiguration,
    lifecycle,
  } = found as {
    retentionPolicy?: { retentionPeriod?: string | number; isLocked?: boolean };
    objectRetention?: { mode?: string };
    versioning?: { enabled?: boolean };
    softDeletePolicy?: { retentionDurationSeconds?: string | number };
    iamConfiguration?: { uniformBucketLevelAccess?: { enabled?: boolean } };
    lifecycle?: { rule?: readonly Rule[] };
  };
  const seconds = Number(retention?.retentionPeriod ?? 0);
  const deleting = (lifecycle?.rule ?? []).flatMap(({ action, condition }) =>
    action?.type === "Delete"
      ? [Math.max(condition?.age ?? 0, condition?.daysSinceNoncurrentTime ?? 0)]
      : [],
  );
  return {
    retention: seconds > 0 ? { seconds, locked: retention?.isLocked === true } : undefined,
    objectRetention: objectRetention?.mode === "Enabled",
    versioning: versioning?.enabled === true,
    softDeleteSeconds: Number(softDeletePolicy?.retentionDurationSeconds ?? 0),
    uniformAccess: iamConfiguration?.uniformBucketLevelAccess?.enabled === true,
    deleteAfterDays: deleting.length === 0 ? undefined : Math.min(...deleting),
  };
}

interface Rule {
  readonly action?: { readonly type?: string };
  readonly condition?: { readonly age?: number; readonly daysSinceNoncurrentTime?: number };
}

/** Rights that would undo the protection, or replace what a name means. Asking changes nothing. */
const UNDOING = [
  "storage.objects.delete",
  "storage.objects.update",
  "storage.objects.setRetention",
  "storage.objects.overrideUnlockedRetention",
  "storage.buckets.update",
  "storage.buckets.setIamPolicy",
] as const;
