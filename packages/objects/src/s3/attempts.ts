import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import type { Attempt, Created, ObjectName, RetainOptions } from "../store.ts";
import { answerOf, attemptOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";
import type { Answered } from "./reading.ts";

/** Sets the retention of exactly this version. */
export async function retain(
  { client }: S3Connection,
  { bucket, key, versionId }: ObjectName,
  until: Date,
  { mode, bypass }: RetainOptions,
): Promise<Attempt> {
  return attempt(
    client.send(
      new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        Retention: { Mode: mode as "COMPLIANCE" | "GOVERNANCE", RetainUntilDate: until },
        ...(bypass && { BypassGovernanceRetention: true }),
      }),
    ),
  );
}

/** Deletes exactly this version. */
export async function removeVersion(
  { client }: S3Connection,
  { bucket, key, versionId }: ObjectName,
  { bypass }: { readonly bypass: boolean },
): Promise<Attempt> {
  if (versionId === undefined) throw new TypeError("a version must be named");
  return attempt(
    client.send(
      new DeleteObjectCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        ...(bypass && { BypassGovernanceRetention: true }),
      }),
    ),
  );
}

/** Writes where nothing must be. */
export async function create(
  { client }: S3Connection,
  { bucket, key }: ObjectName,
  content: Uint8Array,
): Promise<Created> {
  const sent = client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: content,
      // Wanted wherever a bucket's default retains what is written.
      ContentMD5: createHash("md5").update(content).digest("base64"),
      IfNoneMatch: "*",
    }),
  );
  const tried = await attempt(sent);
  // A request that the server does not understand was not held back by its condition.
  const done = tried.status === 400 ? { ...tried, refused: false, failed: true } : tried;
  if (done.refused || done.failed) return done;
  const { VersionId } = await sent;
  return { ...done, ...(VersionId !== undefined && { versionId: VersionId }) };
}

async function attempt(sent: Promise<Answered>): Promise<Attempt> {
  try {
    const { $metadata } = await sent;
    const { httpStatusCode: status, requestId } = $metadata;
    return {
      refused: false,
      failed: false,
      status,
      code: undefined,
      requestId,
      refusedBy: "unknown",
    };
  } catch (error) {
    return attemptOf(answerOf(error));
  }
}
