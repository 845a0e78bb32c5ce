import { MlsignError, printable } from "@mlsign/core";
import { bounded } from "../bounded.ts";
import type { ObjectName } from "../store.ts";
import { answerOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";
import { failed } from "./failed.ts";

/** The bytes of a small object, as they are stored. */
export function download(
  connection: GcsConnection,
  name: ObjectName,
  maxBytes: number,
): Promise<Uint8Array> {
  const what = printable(`gs://${name.bucket}/${name.key}`);
  return bounded(stream(connection, name, 0), maxBytes, what);
}

/** The bytes of an object from a place on, as they are stored. */
export async function* stream(
  connection: GcsConnection,
  { bucket, key, versionId }: ObjectName,
  start: number,
): AsyncGenerator<Uint8Array> {
  const generation = versionId === undefined ? undefined : Number(versionId);
  if (generation !== undefined && !Number.isSafeInteger(generation))
    throw new TypeError(`not a generation: ${versionId}`);
  const file = connection.storage
    .bucket(bucket)
    .file(key, generation === undefined ? {} : { generation });
  try {
    yield* file.createReadStream({
      validation: false,
      decompress: false,
      ...(start > 0 && { start }),
    }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (answerOf(error).status === 404) {
      const what = printable(`gs://${bucket}/${key}`);
      throw new MlsignError("storage-object-missing", `Cannot read ${what}: not there`);
    }
    throw failed("read", connection, error);
  }
}
