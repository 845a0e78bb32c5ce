import type { Attempt, Created, ObjectName, RetainOptions } from "../store.ts";
import { answerOf, attemptOf, headersOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";
import { generationOf, type Resource } from "./metadata.ts";

/** Sets the retention of exactly this generation. */
export async function retain(
  connection: GcsConnection,
  { bucket, key, versionId }: ObjectName,
  until: Date,
  { mode, bypass }: RetainOptions,
): Promise<Attempt> {
  if (versionId === undefined) throw new TypeError("a generation must be named");
  const file = connection.once.bucket(bucket).file(key);
  return attempt(
    connection,
    file.setMetadata(
      { retention: { mode, retainUntilTime: until.toISOString() } },
      // As text: the SDK makes a number of its own option, and a generation has 64 bits.
      { generation: versionId, ...(bypass && { overrideUnlockedRetention: true }) } as object,
    ),
  );
}

/** Deletes exactly this generation; nothing bypasses a retention here. */
export async function removeVersion(
  connection: GcsConnection,
  { bucket, key, versionId }: ObjectName,
): Promise<Attempt> {
  if (versionId === undefined) throw new TypeError("a generation must be named");
  const file = connection.once.bucket(bucket).file(key);
  return attempt(connection, file.delete({ generation: versionId } as object));
}

/** Writes where nothing must be. */
export async function create(
  connection: GcsConnection,
  { bucket, key }: ObjectName,
  content: Uint8Array,
): Promise<Created> {
  const file = connection.once.bucket(bucket).file(key);
  const sent = file
    .save(Buffer.from(content), {
      resumable: false,
      // Else the SDK deletes what it wrote where an answer has no checksum.
      validation: false,
      preconditionOpts: { ifGenerationMatch: 0 },
    })
    .then(() => []);
  const done = await attempt(connection, sent);
  if (done.refused || done.failed) return done;
  const versionId = generationOf(file.metadata as Resource);
  return { ...done, ...(versionId !== undefined && { versionId }) };
}

async function attempt(
  { clock }: GcsConnection,
  sent: Promise<readonly unknown[]>,
): Promise<Attempt> {
  try {
    const { requestId, date } = headersOf((await sent).at(-1));
    clock.note(date);
    return {
      refused: false,
      failed: false,
      status: 200,
      code: undefined,
      requestId,
      refusedBy: "unknown",
    };
  } catch (error) {
    const answer = answerOf(error);
    clock.note(answer.date);
    return attemptOf(answer);
  }
}
