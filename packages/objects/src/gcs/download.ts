import { MlsignError, printable } from "@mlsign/core";
import { bounded } from "../bounded.ts";
import type { ObjectName } from "../store.ts";
import { answerOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";
import { failed } from "./failed.ts";

/** The bytes of a small object, as they are stored. */
export async function download(
  connection: GcsConnection,
  { bucket, key, versionId }: ObjectName,
  maxBytes: number,
): Promise<Uint8Array> {
  const what = printable(`gs://${bucket}/${key}`);
  const generation = versionId === undefined ? undefined : Number(versionId);
  if (generation !== undefined && !Number.isSafeInteger(generation))
    throw new TypeError(`not a generation: ${versionId}`);
  const file = connection.storage
    .bucket(bucket)
    .file(key, generation === undefined ? {} : { generation });
  try {
    const body = file.createReadStream({ validation: false, decompress: false });
    return await bounded(body as AsyncIterable<Uint8Array>, maxBytes, what);
  } catch (error) {
    if (error instanceof MlsignError) throw error;
    if (answerOf(error).status === 404)
      throw new MlsignError("storage-object-missing", `Cannot read ${what}: not there`);
    throw failed("read", connection, error);
  }
}
