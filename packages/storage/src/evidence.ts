import type { JsonObject, JsonValue } from "@mlsign/core";
import type { Attempt, BucketFacts, ObjectFacts, ObjectStore } from "@mlsign/objects";
import type { Expectation, Judgement, StoragePolicy } from "./verdict.ts";

export interface EvidenceOptions {
  readonly store: Pick<ObjectStore, "endpoint" | "sdk">;
  readonly bucket: BucketFacts;
  readonly object: ObjectFacts;
  readonly expected: Expectation;
  readonly policy: StoragePolicy;
  readonly judgement: Judgement;
  readonly drill: readonly Attempt[] | undefined;
}

/** What the verdict on one object rests on: no secret, no signed URL. */
export function objectEvidence({
  store,
  bucket,
  object,
  expected,
  policy,
  judgement,
  drill,
}: EvidenceOptions): JsonObject {
  const { verdict, reasons } = judgement;
  const worst = reasons.find((reason) => reason.verdict === verdict && verdict !== "protected");
  const head = object.head.kind === "value" ? object.head.value : undefined;
  const [checksum] = head?.checksums ?? [];
  return {
    check: worst?.check ?? "STO-040",
    verdict,
    object: {
      provider: object.provider,
      endpoint: store.endpoint,
      bucket: bucket.bucket,
      key: object.key,
      versionId: head?.versionId ?? null,
      isLatest: isLatest(object, head?.versionId),
      size: head?.size ?? null,
      etag: head?.etag ?? null,
      checksum: checksum
        ? {
            alg: checksum.algorithm,
            type: checksum.whole ? "FULL_OBJECT" : "COMPOSITE",
            value: checksum.value,
          }
        : null,
    },
    expected: {
      versionId: expected.versionId ?? null,
      sha256: expected.sha256 ?? null,
      md5: expected.md5 ?? null,
      size: expected.size ?? null,
      source: expected.source ?? null,
    },
    lock: { ...lockOf(bucket, object), requiredUntil: policy.requiredUntil?.toISOString() ?? null },
    shadow: shadowOf(object, head?.versionId),
    reads: [...bucket.reads, ...object.reads].map(({ op, status, requestId, at }) => ({
      op,
      status: status ?? null,
      requestId: requestId ?? null,
      at,
    })),
    drill: { shorten: drill === undefined ? null : drill.map(attemptJson) },
    reasons: reasons.map(({ check, code, verdict: own }) => ({ check, code, verdict: own })),
    tool: { name: "mlsign", sdk: store.sdk },
  };
}

export function attemptJson(attempt: Attempt): JsonObject {
  const { refused, failed, status, code, requestId, refusedBy } = attempt;
  return {
    refused,
    failed,
    status: status ?? null,
    code: code ?? null,
    requestId: requestId ?? null,
    refusedBy,
  };
}

function isLatest(object: ObjectFacts, versionId: string | undefined): JsonValue {
  if (object.provider === "gcs")
    return object.live.kind === "value" ? object.live.value === versionId : null;
  if (object.versions.kind !== "value") return null;
  return object.versions.value.find((it) => it.isLatest)?.versionId === versionId;
}

function lockOf(bucket: BucketFacts, object: ObjectFacts): JsonObject {
  if (bucket.provider === "s3" && object.provider === "s3") {
    const retention = object.retention.kind === "value" ? object.retention.value : undefined;
    const lock = bucket.lock.kind === "value" ? bucket.lock.value : undefined;
    const versioning = bucket.versioning.kind === "value" ? bucket.versioning.value : undefined;
    return {
      bucketEnabled: bucket.lock.kind === "value" ? true : reading(bucket.lock.kind),
      versioning: versioning?.status ?? null,
      mfaDelete: versioning?.mfaDelete ?? null,
      default: lock?.default
        ? { mode: lock.default.mode ?? null, days: lock.default.days ?? null }
        : null,
      mode: retention?.mode ?? null,
      retainUntil: retention?.until ?? null,
      legalHold: object.legalHold.kind === "value" ? object.legalHold.value : null,
      eventHold: retention?.eventHoldDays ?? null,
    };
  }
  if (bucket.provider === "gcs" && object.provider === "gcs") {
    const policy = bucket.metadata.kind === "value" ? bucket.metadata.value : undefined;
    const head = object.head.kind === "value" ? object.head.value : undefined;
    return {
      bucketEnabled: policy === undefined ? null : policy.retention !== undefined,
      locked: policy?.retention?.locked ?? null,
      seconds: policy?.retention?.seconds ?? null,
      versioning: policy?.versioning ?? null,
      softDeleteSeconds: policy?.softDeleteSeconds ?? null,
      mode: head?.retention?.mode ?? null,
      retainUntil: head?.retention?.until ?? head?.expires ?? null,
      temporaryHold: head?.temporaryHold ?? null,
      eventBasedHold: head?.eventBasedHold ?? null,
    };
  }
  if (bucket.provider === "azure" && object.provider === "azure") {
    const head = object.head.kind === "value" ? object.head.value : undefined;
    const own = bucket.container.kind === "value" ? bucket.container.value : undefined;
    return {
      bucketEnabled: own?.policy ?? null,
      versionLevel: own?.versionLevel ?? null,
      mode: head?.retention?.mode ?? null,
      retainUntil: head?.retention?.until ?? null,
      legalHold: head?.legalHold ?? null,
    };
  }
  return {};
}

function shadowOf(object: ObjectFacts, versionId: string | undefined): JsonObject {
  if (object.provider === "gcs") {
    const live = object.live.kind === "value" ? object.live.value : undefined;
    return {
      newerVersions: live !== undefined && live !== versionId ? [live] : [],
      deleteMarkers: [],
    };
  }
  const versions = object.versions.kind === "value" ? object.versions.value : [];
  const at = versions.findIndex((it) => it.versionId === versionId);
  const newer = versions.slice(0, at === -1 ? versions.length : at).slice(0, MOST_SHADOWS);
  return {
    newerVersions: newer.filter((it) => !it.isMarker).map((it) => it.versionId),
    deleteMarkers: newer.filter((it) => it.isMarker).map((it) => it.versionId),
  };
}

/** "Could not be read" is not "off". */
function reading(kind: string): JsonValue {
  return kind === "none" || kind === "unsupported" ? false : null;
}

const MOST_SHADOWS = 20;
