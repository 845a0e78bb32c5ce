import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import type { ObjectVersion, Read, S3ObjectFacts, StoredChecksum } from "../facts.ts";
import type { ObjectName } from "../store.ts";
import type { S3Connection } from "./client.ts";
import { readerOf } from "./reading.ts";
import { versionsOf } from "./versions.ts";

/** All that is told of one version, and what else lies under its key. */
export async function readObject(
  connection: S3Connection,
  { bucket, key, versionId }: ObjectName,
  listed: readonly ObjectVersion[] | undefined,
): Promise<S3ObjectFacts> {
  const { client } = connection;
  const reads: Read[] = [];
  const read = readerOf(connection, reads);
  const at = { Bucket: bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) };
  const head = await read(
    "HeadObject",
    client.send(new HeadObjectCommand({ ...at, ChecksumMode: "ENABLED" })),
    (output) => ({ kind: "value", value: storedOf(output) }),
    "head",
  );
  // The version that HEAD saw, so that all is told of one and the same.
  const exact =
    head.kind === "value" && head.value.versionId !== undefined
      ? { ...at, VersionId: head.value.versionId }
      : at;
  const gone = head.kind === "none";
  // HEAD leaves the lock out, without a word, where the caller may not see it: it is asked for.
  const retention: S3ObjectFacts["retention"] = gone
    ? { kind: "none" }
    : await read(
        "GetObjectRetention",
        client.send(new GetObjectRetentionCommand(exact)),
        ({ Retention: it }): S3ObjectFacts["retention"] =>
          it === undefined
            ? { kind: "none" }
            : {
                kind: "value",
                value: {
                  mode: it.Mode,
                  until: it.RetainUntilDate?.toISOString(),
                  eventHoldDays: eventHoldDays(it),
                },
              },
        "lock",
      );
  const legalHold: S3ObjectFacts["legalHold"] = gone
    ? { kind: "none" }
    : await read(
        "GetObjectLegalHold",
        client.send(new GetObjectLegalHoldCommand(exact)),
        ({ LegalHold: it }) => ({ kind: "value", value: it?.Status === "ON" }),
        "lock",
      );
  const versions: S3ObjectFacts["versions"] =
    listed !== undefined
      ? { kind: "value", value: listed }
      : await read(
          "ListObjectVersions",
          client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key })),
          // Keys that begin alike come too.
          (page) => ({
            kind: "value",
            value: versionsOf(page).flatMap(({ key: own, ...version }) =>
              own === key ? [version] : [],
            ),
          }),
          "bucket",
        );
  return { provider: "s3", key, head, retention, legalHold, versions, reads };
}

type Stored = Extract<S3ObjectFacts["head"], { kind: "value" }>["value"];

function storedOf(output: HeadObjectCommandOutput): Stored {
  const etag = output.ETag?.replaceAll('"', "");
  const { ServerSideEncryption: encryption, SSECustomerAlgorithm: own } = output;
  // Under a customer's or KMS's key the ETag is no MD5, whatever it looks like.
  const isMd5 =
    etag !== undefined &&
    /^[0-9a-f]{32}$/.test(etag) &&
    own === undefined &&
    (encryption === undefined || encryption === "AES256");
  return {
    versionId: output.VersionId,
    size: output.ContentLength ?? 0,
    etag,
    md5: isMd5 ? etag : undefined,
    checksums: checksumsOf(output),
    lastModified: output.LastModified?.toISOString(),
  };
}

function checksumsOf(output: HeadObjectCommandOutput): StoredChecksum[] {
  const { ChecksumSHA256, ChecksumCRC64NVME, ChecksumType } = output;
  const of = (algorithm: string, value: string | undefined): StoredChecksum[] =>
    value === undefined
      ? []
      : [
          {
            algorithm,
            value,
            whole: !/-\d+$/.test(value) && (ChecksumType ?? "FULL_OBJECT") === "FULL_OBJECT",
          },
        ];
  return [...of("SHA256", ChecksumSHA256), ...of("CRC64NVME", ChecksumCRC64NVME)];
}

/** Since 2026; the fields are read by name, as servers and SDKs of before lack them. */
function eventHoldDays(retention: object): number | undefined {
  const { EventHold: hold, EventHoldDuration: duration } = retention as {
    EventHold?: string;
    EventHoldDuration?: { Days?: number; Years?: number };
  };
  if (hold !== "ON") return undefined;
  return duration?.Days ?? (duration?.Years ?? 0) * 365;
}
