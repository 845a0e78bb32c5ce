import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { MlsignError, printable } from "@mlsign/core";
import type {
  ObjectVersion,
  Read,
  Reading,
  S3BucketFacts,
  S3ObjectFacts,
  StoredChecksum,
} from "./facts.ts";
import type { StoreOptions } from "./open.ts";
import { answerOf, attemptOf, readingOf } from "./s3-answers.ts";
import type { Attempt, ListedObject, ObjectName, ObjectStore, RetainOptions } from "./store.ts";

/** Any S3 server. The endpoint is always ours: a variable that names another changes nothing. */
export function s3Store(options: StoreOptions): ObjectStore {
  return new S3Store(options);
}

interface Metadata {
  readonly $metadata: { httpStatusCode?: number; requestId?: string };
}

class S3Store implements ObjectStore {
  readonly provider = "s3";
  readonly endpoint: string;
  readonly sdk = "@aws-sdk/client-s3@3.1169.0";
  readonly #client: S3Client;
  #serverTime: Date | undefined;

  constructor(options: StoreOptions) {
    const { env, timeoutMs = TIMEOUT_MS } = options;
    const named = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
    if (named === undefined && options.endpoint === undefined) {
      throw new MlsignError("usage", "Cannot ask S3: no region is known", {
        hint: "give --region, or set AWS_REGION",
      });
    }
    const region = named ?? "us-east-1";
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
    const inline = options.profile === undefined && id !== undefined && secret !== undefined;
    this.endpoint = originOf(options.endpoint ?? `https://s3.${region}.amazonaws.com`);
    this.#client = new S3Client({
      endpoint: options.endpoint ?? this.endpoint,
      region,
      forcePathStyle: options.endpoint !== undefined,
      followRegionRedirects: false,
      retryMode: "standard",
      maxAttempts: ATTEMPTS,
      // Other people's servers do not know the checksums that the SDK adds by itself.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: 3_000,
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
      },
      ...(options.profile !== undefined && { profile: options.profile }),
      ...(inline && {
        credentials: {
          accessKeyId: id,
          secretAccessKey: secret,
          ...(token !== undefined && { sessionToken: token }),
        },
      }),
    });
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        this.#note((result.response as { headers?: Record<string, string> }).headers?.date);
        return result;
      },
      { step: "deserialize", name: "serverTime", priority: "low" },
    );
  }

  serverTime(): Date | undefined {
    return this.#serverTime;
  }

  async bucket(bucket: string): Promise<S3BucketFacts> {
    const reads: Read[] = [];
    const ask = async <O extends Metadata, T>(
      op: string,
      send: Promise<O>,
      of: (output: O) => Reading<T>,
    ): Promise<Reading<T>> => {
      const reading = await this.#read(op, send, of, reads, "bucket");
      if (reading.kind === "failed" && reading.why.startsWith("NoSuchBucket")) {
        throw new MlsignError(
          "storage-bucket-missing",
          `Cannot look at bucket ${printable(bucket)}: there is none at ${this.endpoint}`,
        );
      }
      return reading;
    };
    const Bucket = bucket;
    const versioning = await ask(
      "GetBucketVersioning",
      this.#client.send(new GetBucketVersioningCommand({ Bucket })),
      ({ Status, MFADelete }) =>
        ({
          kind: "value",
          value: {
            status: Status === "Enabled" || Status === "Suspended" ? Status : "Off",
            mfaDelete: MFADelete === "Enabled",
          } satisfies Versioning,
        }) as const,
    );
    const lock = await ask(
      "GetObjectLockConfiguration",
      this.#client.send(new GetObjectLockConfigurationCommand({ Bucket })),
      ({ ObjectLockConfiguration: found }) => {
        if (found === undefined) return { kind: "unsupported", how: "ignored" } as const;
        if (found.ObjectLockEnabled !== "Enabled") return { kind: "none" } as const;
        const rule = found.Rule?.DefaultRetention;
        const days = rule?.Days ?? (rule?.Years === undefined ? undefined : rule.Years * 365);
        return {
          kind: "value",
          value: { default: rule && { mode: rule.Mode, days } },
        } as const;
      },
    );
    const lifecycle = await ask(
      "GetBucketLifecycleConfiguration",
      this.#client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      ({ Rules = [] }) => {
        const days = Rules.flatMap(({ Status, NoncurrentVersionExpiration: it }) =>
          Status === "Enabled" && it?.NoncurrentDays !== undefined ? [it.NoncurrentDays] : [],
        );
        return days.length === 0
          ? ({ kind: "none" } as const)
          : ({ kind: "value", value: { noncurrentDays: Math.min(...days) } } as const);
      },
    );
    return { provider: "s3", bucket, lock, versioning, lifecycle, reads };
  }

  async object(
    { bucket, key, versionId }: ObjectName,
    listed?: readonly ObjectVersion[],
  ): Promise<S3ObjectFacts> {
    const reads: Read[] = [];
    const at = {
      Bucket: bucket,
      Key: key,
      ...(versionId !== undefined && { VersionId: versionId }),
    };
    const head = await this.#read(
      "HeadObject",
      this.#client.send(new HeadObjectCommand({ ...at, ChecksumMode: "ENABLED" })),
      (output) => ({ kind: "value", value: storedOf(output) }) as const,
      reads,
      "head",
    );
    // The version that HEAD saw, so that all is told of one and the same.
    const exact =
      head.kind === "value" && head.value.versionId !== undefined
        ? { ...at, VersionId: head.value.versionId }
        : at;
    const gone = head.kind === "none";
    const retention: S3ObjectFacts["retention"] = gone
      ? { kind: "none" }
      : await this.#read(
          "GetObjectRetention",
          this.#client.send(new GetObjectRetentionCommand(exact)),
          ({ Retention: it }) => {
            // HEAD leaves the lock out, without a word, where the caller may not see it.
            if (it === undefined) return { kind: "none" } as const;
            return {
              kind: "value",
              value: {
                mode: it.Mode,
                until: it.RetainUntilDate?.toISOString(),
                eventHoldDays: eventHoldDays(it),
              },
            } as const;
          },
          reads,
          "lock",
        );
    const legalHold: S3ObjectFacts["legalHold"] = gone
      ? { kind: "none" }
      : await this.#read(
          "GetObjectLegalHold",
          this.#client.send(new GetObjectLegalHoldCommand(exact)),
          ({ LegalHold: it }) => ({ kind: "value", value: it?.Status === "ON" }) as const,
          reads,
          "lock",
        );
    const versions: S3ObjectFacts["versions"] =
      listed === undefined
        ? await this.#versions(bucket, key, reads)
        : { kind: "value", value: listed };
    return { provider: "s3", key, head, retention, legalHold, versions, reads };
  }

  /** Keys that begin alike come too: they are left out, and end the listing. */
  async #versions(
    bucket: string,
    key: string,
    reads: Read[],
  ): Promise<Reading<readonly ObjectVersion[]>> {
    return this.#read(
      "ListObjectVersions",
      this.#client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key })),
      (page) => ({
        kind: "value",
        value: versionsOf(page).flatMap(({ key: own, ...version }) =>
          own === key ? [version] : [],
        ),
      }),
      reads,
      "bucket",
    );
  }

  async *list(bucket: string, prefix: string): AsyncIterable<ListedObject> {
    let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    let groups = new Map<string, ObjectVersion[]>();
    for (;;) {
      const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker });
      let page;
      try {
        page = await this.#client.send(command);
      } catch (error) {
        const answer = answerOf(error);
        if (readingOf(answer, "bucket").kind === "unsupported" && marker.KeyMarker === undefined) {
          yield* this.#listKeys(bucket, prefix);
          return;
        }
        throw this.#failed("list", answer, error);
      }
      for (const { key, ...version } of versionsOf(page)) {
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [version]);
        else if (group.length < MOST_VERSIONS || version.isLatest) group.push(version);
      }
      const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
      const more = IsTruncated === true && NextKeyMarker !== undefined;
      // The last key's versions may go on on the next page.
      const open = more ? NextKeyMarker : undefined;
      for (const [key, versions] of groups) {
        if (key === open) continue;
        const latest = versions.find(({ isLatest }) => isLatest);
        yield { key, size: latest?.size ?? 0, versions };
      }
      const rest = open === undefined ? undefined : groups.get(open);
      groups = new Map(open !== undefined && rest !== undefined ? [[open, rest]] : []);
      if (!more) return;
      if (NextKeyMarker === marker.KeyMarker && NextVersionIdMarker === marker.VersionIdMarker)
        throw new MlsignError("service-lied", "Cannot list: the server sends the same page again");
      marker = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
    }
  }

  async *#listKeys(bucket: string, prefix: string): AsyncIterable<ListedObject> {
    let token: string | undefined;
    do {
      let page;
      try {
        page = await this.#client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
        );
      } catch (error) {
        throw this.#failed("list", answerOf(error), error);
      }
      for (const { Key, Size = 0 } of page.Contents ?? [])
        if (Key !== undefined) yield { key: Key, size: Size };
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (next !== undefined && next === token)
        throw new MlsignError("service-lied", "Cannot list: the server sends the same page again");
      token = next;
    } while (token !== undefined);
  }

  async read({ bucket, key, versionId }: ObjectName, maxBytes: number): Promise<Uint8Array> {
    const what = `s3://${bucket}/${key}`;
    let output;
    try {
      output = await this.#client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...(versionId !== undefined && { VersionId: versionId }),
        }),
      );
    } catch (error) {
      const answer = answerOf(error);
      if (answer.status === 404)
        throw new MlsignError(
          "storage-object-missing",
          `Cannot read ${printable(what)}: not there`,
        );
      throw this.#failed("read", answer, error);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of output.Body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw new MlsignError(
          "limit-exceeded",
          `Cannot read ${printable(what)}: more than ${maxBytes} bytes`,
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async retain(name: ObjectName, until: Date, options: RetainOptions): Promise<Attempt> {
    return this.#attempt(
      this.#client.send(
        new PutObjectRetentionCommand({
          Bucket: name.bucket,
          Key: name.key,
          VersionId: name.versionId,
          Retention: { Mode: options.mode as "COMPLIANCE" | "GOVERNANCE", RetainUntilDate: until },
          ...(options.bypass && { BypassGovernanceRetention: true }),
        }),
      ),
    );
  }

  async removeVersion(name: ObjectName, options: { readonly bypass: boolean }): Promise<Attempt> {
    if (name.versionId === undefined) throw new TypeError("a version must be named");
    return this.#attempt(
      this.#client.send(
        new DeleteObjectCommand({
          Bucket: name.bucket,
          Key: name.key,
          VersionId: name.versionId,
          ...(options.bypass && { BypassGovernanceRetention: true }),
        }),
      ),
    );
  }

  async create(
    { bucket, key }: ObjectName,
    content: Uint8Array,
  ): Promise<Attempt & { readonly versionId?: string }> {
    const sent = this.#client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, IfNoneMatch: "*" }),
    );
    const attempt = await this.#attempt(sent);
    if (attempt.refused || attempt.failed) return attempt;
    const { VersionId } = await sent;
    return { ...attempt, ...(VersionId !== undefined && { versionId: VersionId }) };
  }

  close(): void {
    this.#client.destroy();
  }

  async #read<O extends Metadata, T>(
    op: string,
    sent: Promise<O>,
    of: (output: O) => Reading<T>,
    reads: Read[],
    kind: "bucket" | "head" | "lock",
  ): Promise<Reading<T>> {
    const note = (status: number | undefined, requestId: string | undefined): void =>
      void reads.push({ op, status, requestId, at: this.#serverTime?.toISOString() ?? "" });
    try {
      const output = await sent;
      note(output.$metadata.httpStatusCode, output.$metadata.requestId);
      return of(output);
    } catch (error) {
      const answer = answerOf(error);
      note(answer.status, answer.requestId);
      return readingOf(answer, kind);
    }
  }

  async #attempt(sent: Promise<Metadata>): Promise<Attempt> {
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

  #failed(
    verb: string,
    { code, status }: ReturnType<typeof answerOf>,
    cause: unknown,
  ): MlsignError {
    if (code === "NoSuchBucket")
      return new MlsignError("storage-bucket-missing", `Cannot ${verb}: there is no such bucket`);
    return new MlsignError(
      "service-failed",
      `Cannot ${verb} at ${this.endpoint}: ${code}${status === undefined ? "" : ` (${status})`}`,
      { cause },
    );
  }

  #note(header: string | undefined): void {
    const date = header === undefined ? undefined : new Date(header);
    if (date === undefined || Number.isNaN(date.getTime())) return;
    if (this.#serverTime === undefined || date > this.#serverTime) this.#serverTime = date;
  }
}

type Versioning = Extract<S3BucketFacts["versioning"], { kind: "value" }>["value"];
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

function versionsOf(page: {
  readonly Versions?: readonly object[] | undefined;
  readonly DeleteMarkers?: readonly object[] | undefined;
}): (ObjectVersion & { readonly key: string })[] {
  const of = (item: object, isMarker: boolean): (ObjectVersion & { readonly key: string })[] => {
    const { Key, VersionId, IsLatest, Size, ETag, LastModified } = item as {
      Key?: string;
      VersionId?: string;
      IsLatest?: boolean;
      Size?: number;
      ETag?: string;
      LastModified?: Date;
    };
    if (Key === undefined) return [];
    return [
      {
        key: Key,
        versionId: VersionId ?? "null",
        isLatest: IsLatest === true,
        isMarker,
        size: Size ?? 0,
        etag: ETag?.replaceAll('"', ""),
        lastModified: LastModified?.toISOString(),
      },
    ];
  };
  return [
    ...(page.Versions ?? []).flatMap((item) => of(item, false)),
    ...(page.DeleteMarkers ?? []).flatMap((item) => of(item, true)),
  ];
}

/** @throws MlsignError `usage` for what is no address, or one that is not safe */
function originOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "")
    throw new MlsignError("usage", `Cannot ask a store at ${printable(endpoint)}: no such address`);
  return url.origin;
}

const TIMEOUT_MS = 15_000;
const ATTEMPTS = 5;
const MOST_VERSIONS = 1000;
