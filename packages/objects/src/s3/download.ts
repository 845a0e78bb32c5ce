import { GetObjectCommand } from "@aws-sdk/client-s3";
import { MlsignError, printable } from "@mlsign/core";
import { bounded } from "../bounded.ts";
import type { ObjectName } from "../store.ts";
import { answerOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";
import { failed } from "./failed.ts";

/** The bytes of a small object. */
export async function download(
  connection: S3Connection,
  { bucket, key, versionId }: ObjectName,
  maxBytes: number,
): Promise<Uint8Array> {
  const what = printable(`s3://${bucket}/${key}`);
  let output;
  try {
    output = await connection.client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(versionId !== undefined && { VersionId: versionId }),
      }),
    );
  } catch (error) {
    if (answerOf(error).status === 404)
      throw new MlsignError("storage-object-missing", `Cannot read ${what}: not there`);
    throw failed("read", connection, error);
  }
  return bounded(output.Body as AsyncIterable<Uint8Array>, maxBytes, what);
}
