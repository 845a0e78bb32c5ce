import { isRecord, type JsonObject, type JsonValue, MlsignError } from "@mlsign/core";

/** One file of a model, and the version of an object that holds it. */
export interface PinnedObject {
  /** In the model. */
  readonly path: string;
  readonly key: string;
  /** Version id of S3, generation of GCS. */
  readonly versionId: string;
  readonly size: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  /** As the store has them: `MD5` in hex, others in base64. */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface StoragePins {
  /** `s3://BUCKET/PREFIX`. */
  readonly remote: string;
  readonly objects: readonly PinnedObject[];
}

/** Where a model's files lie, version by version, as a predicate. */
export function pinsPredicate({ remote, objects }: StoragePins): JsonObject {
  return {
    remote,
    objects: objects.map(({ path, key, versionId, size, sha256, checksums }) => ({
      path,
      key,
      versionId,
      size,
      digest: { sha256 },
      checksums: { ...checksums },
    })),
  };
}

/** @throws MlsignError `manifest-invalid` where the predicate is none of ours */
export function readPins(predicate: JsonValue): StoragePins {
  if (!isRecord(predicate) || typeof predicate.remote !== "string")
    throw invalid("no remote is named");
  const { remote, objects } = predicate;
  if (!Array.isArray(objects) || objects.length > MOST_OBJECTS)
    throw invalid(`the objects are no list of at most ${MOST_OBJECTS}`);
  return { remote, objects: objects.map(readPin) };
}

function readPin(item: unknown): PinnedObject {
  if (!isRecord(item) || !isRecord(item.digest) || !isRecord(item.checksums))
    throw invalid("an object has no digest");
  const { path, key, versionId, size, digest, checksums } = item;
  if (typeof path !== "string" || typeof key !== "string" || typeof versionId !== "string")
    throw invalid("an object has no path, key or version");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid("an object has no size");
  const { sha256 } = digest;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
    throw invalid("an object has no SHA-256");
  const texts = Object.entries(checksums).map(([name, text]): [string, string] => {
    if (typeof text !== "string") throw invalid("a checksum is no text");
    return [name, text];
  });
  return { path, key, versionId, size, sha256, checksums: Object.fromEntries(texts) };
}

function invalid(why: string): MlsignError {
  return new MlsignError("manifest-invalid", `Cannot read the pins of a store: ${why}`);
}

export const STORAGE_PINS = "urn:mlsign:storage-pins:v1";
const MOST_OBJECTS = 100_000;
