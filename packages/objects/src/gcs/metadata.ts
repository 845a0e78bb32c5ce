import type { GcsObjectFacts, ObjectVersion, StoredChecksum } from "../facts.ts";

/** The fields of an object's resource that count here. Numbers come as strings: they are 64 bit. */
export interface Resource {
  readonly name?: string;
  readonly generation?: string | number;
  readonly size?: string | number;
  readonly etag?: string;
  readonly md5Hash?: string;
  readonly crc32c?: string;
  readonly updated?: string;
  readonly timeCreated?: string;
  readonly timeDeleted?: string;
  readonly retention?: { readonly mode?: string; readonly retainUntilTime?: string } | null;
  readonly retentionExpirationTime?: string;
  readonly temporaryHold?: boolean | null;
  readonly eventBasedHold?: boolean | null;
}

type Stored = Extract<GcsObjectFacts["head"], { kind: "value" }>["value"];

export function storedOf(found: Resource): Stored {
  const { retention } = found;
  return {
    versionId: generationOf(found),
    size: Number(found.size ?? 0),
    etag: found.etag,
    // Composite objects have none.
    md5: found.md5Hash && Buffer.from(found.md5Hash, "base64").toString("hex"),
    checksums: checksumsOf(found),
    lastModified: found.timeCreated ?? found.updated,
    noncurrent: found.timeDeleted !== undefined,
    retention:
      retention?.mode !== undefined && retention.retainUntilTime !== undefined
        ? { mode: retention.mode, until: retention.retainUntilTime }
        : undefined,
    expires: found.retentionExpirationTime,
    temporaryHold: found.temporaryHold === true,
    eventBasedHold: found.eventBasedHold === true,
  };
}

/** An item of a listing with all generations. */
export function versionOf(found: Resource): ObjectVersion {
  return {
    versionId: generationOf(found) ?? "",
    isLatest: found.timeDeleted === undefined,
    isMarker: false,
    size: Number(found.size ?? 0),
    etag: found.etag,
    lastModified: found.timeCreated ?? found.updated,
  };
}

export function generationOf({ generation }: Resource): string | undefined {
  return generation === undefined ? undefined : String(generation);
}

function checksumsOf({ crc32c }: Resource): StoredChecksum[] {
  return crc32c === undefined ? [] : [{ algorithm: "CRC32C", value: crc32c, whole: true }];
}
