import type { GcsObjectFacts, ObjectVersion, Read } from "../facts.ts";
import type { ObjectName } from "../store.ts";
import type { GcsConnection } from "./client.ts";
import { generationOf, type Resource, storedOf } from "./metadata.ts";
import { readerOf } from "./reading.ts";

/** All that is told of one generation, and which one the name means now. */
export async function readObject(
  connection: GcsConnection,
  { bucket, key, versionId }: ObjectName,
  listed: readonly ObjectVersion[] | undefined,
): Promise<GcsObjectFacts> {
  const reads: Read[] = [];
  const read = readerOf(connection, reads);
  const within = connection.storage.bucket(bucket);
  const file = within.file(key);
  const head = await read(
    "objects.get",
    // As text: the SDK makes a number of its own option, and a generation has 64 bits.
    file.getMetadata(versionId === undefined ? {} : { generation: versionId }),
    (found) => ({ kind: "value", value: storedOf(found as Resource) }),
  );
  const latest = listed?.find(({ isLatest }) => isLatest);
  const live: GcsObjectFacts["live"] =
    listed !== undefined
      ? latest === undefined
        ? { kind: "none" }
        : { kind: "value", value: latest.versionId }
      : versionId === undefined
        ? head.kind === "value"
          ? { kind: "value", value: head.value.versionId ?? "" }
          : head
        : await read("objects.get", within.file(key).getMetadata(), (found) => ({
            kind: "value",
            value: generationOf(found as Resource) ?? "",
          }));
  const softDeleted: GcsObjectFacts["softDeleted"] =
    head.kind !== "none"
      ? { kind: "value", value: false }
      : await read(
          "objects.list",
          within.getFiles({
            prefix: key,
            softDeleted: true,
            autoPaginate: false,
            maxResults: MOST_DELETED,
          }),
          // Names that begin alike come too, after it.
          (files) => ({
            kind: "value",
            value: files.some(
              ({ name, metadata }) =>
                name === key &&
                (versionId === undefined || generationOf(metadata as Resource) === versionId),
            ),
          }),
        );
  return { provider: "gcs", key, head, live, softDeleted, reads };
}

const MOST_DELETED = 1000;
