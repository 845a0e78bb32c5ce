import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
} from "@aws-sdk/client-s3";
import { MlsignError, printable } from "@mlsign/core";
import type { Read, Reading, S3BucketFacts } from "../facts.ts";
import type { S3Connection } from "./client.ts";
import { type Answered, readerOf } from "./reading.ts";

/** What decides for every object of a bucket. */
export async function readBucket(connection: S3Connection, bucket: string): Promise<S3BucketFacts> {
  const { client, endpoint, owner } = connection;
  const reads: Read[] = [];
  const read = readerOf(connection, reads);
  const ask = async <O extends Answered, T>(
    op: string,
    sent: Promise<O>,
    of: (output: O) => Reading<T>,
  ): Promise<Reading<T>> => {
    const reading = await read(op, sent, of, "bucket");
    if (reading.kind === "failed" && reading.why.startsWith("NoSuchBucket")) {
      throw new MlsignError(
        "storage-bucket-missing",
        `Cannot look at bucket ${printable(bucket)}: there is none at ${endpoint}`,
      );
    }
    return reading;
  };
  const Bucket = bucket;
  const versioning = await ask(
    "GetBucketVersioning",
    client.send(new GetBucketVersioningCommand({ Bucket })),
    ({ Status, MFADelete }) => ({
      kind: "value",
      value: {
        status: Status === "Enabled" || Status === "Suspended" ? Status : ("Off" as const),
        mfaDelete: MFADelete === "Enabled",
      },
    }),
  );
  const lock = await ask(
    "GetObjectLockConfiguration",
    client.send(new GetObjectLockConfigurationCommand({ Bucket })),
    ({ ObjectLockConfiguration: found }): S3BucketFacts["lock"] => {
      if (found === undefined) return { kind: "unsupported", how: "ignored" };
      if (found.ObjectLockEnabled !== "Enabled") return { kind: "none" };
      const rule = found.Rule?.DefaultRetention;
      const days = rule?.Days ?? (rule?.Years === undefined ? undefined : rule.Years * 365);
      return { kind: "value", value: { default: rule && { mode: rule.Mode, days } } };
    },
  );
  const lifecycle = await ask(
    "GetBucketLifecycleConfiguration",
    client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    ({ Rules = [] }): S3BucketFacts["lifecycle"] => {
      const days = Rules.flatMap(({ Status, NoncurrentVersionExpiration: it }) =>
        Status === "Enabled" && it?.NoncurrentDays !== undefined ? [it.NoncurrentDays] : [],
      );
      return days.length === 0
        ? { kind: "none" }
        : { kind: "value", value: { noncurrentDays: Math.min(...days) } };
    },
  );
  const facts = { provider: "s3", bucket, lock, versioning, lifecycle, reads } as const;
  if (owner === undefined) return facts;
  // Refused to the one that expects this owner, and open to the one that does not: another's bucket.
  const head = (expected: string | undefined) =>
    read(
      "HeadBucket",
      client.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: expected })),
      () => ({ kind: "value", value: true }),
      "bucket",
    );
  const otherOwner =
    (await head(owner)).kind === "denied" && (await head(undefined)).kind === "value";
  return { ...facts, otherOwner };
}
