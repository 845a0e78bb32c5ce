import { GetObjectCommand } from "@aws-sdk/client-s3";
import { MlsignError, printable } from "@mlsign/core";
import { bounded } from "../bounded.ts";
import type { ObjectName } from "../store.ts";
import { answerOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";
import { failed } from "./failed.ts";

/** The bytes of a small object. */
export function download(
  connection: S3Connection,
  name: ObjectName,
  maxBytes: number,
): Promise<Uint8Array> {
  const what = printable(`s3://${name.bucket}/${name.key}`);
  return bounded(stream(connection, name, 0), maxBytes, what);
}

/** The bytes of an object from a place on; the SDK opens the connection again, but not midway. */
export async function* stream(
  connection: S3Connection,
  { bucket, key, versionId }: ObjectName,
  start: number,
): AsyncGenerator<Uint8Array> {
  const what = printable(`s3://${bucket}/${key}`);
  try {
    const { Body: body, ContentRange: range } = await connection.client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(versionId !== undefined && { VersionId: versionId }),
        ...(start > 0 && { Range: `bytes=${start}-` }),
      }),
    );
    if (start > 0 && range?.startsWith(`bytes ${start}-`) !== true) {
      (body as { destroy?(): void }).destroy?.();
      throw new MlsignError("service-lied", `Cannot read ${what}: not from where it was asked for`);
    }
    yield* body as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof MlsignError) throw error;
    if (answerOf(error).status === 404)
      throw new MlsignError("storage-object-missing", `Cannot read ${what}: not there`);
    throw failed("read", connection, error);
  }
}
