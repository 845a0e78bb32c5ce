import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A server that scenarios are arranged on. */
export interface S3Bench {
  readonly endpoint: string;
  readonly admin: S3Credentials;
  /** Whoever may read objects and their versions, and nothing of locks; where the server knows callers. */
  readonly limited?: (bucket: string) => Promise<S3Credentials>;
  /** Lets time pass, for the server and for whoever judges. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** What lies in a bucket now, and what is asked of it. */
export interface Arranged {
  readonly key: string;
  readonly expected: { readonly versionId?: string | undefined; readonly md5?: string };
  readonly reader?: S3Credentials;
}

export interface S3Scenario {
  readonly state: string;
  readonly arrange: (made: Arrangement) => Promise<Arranged>;
  readonly verdict: "protected" | "weak" | "unprotected" | "tampered" | "unknown";
  /** In any order. */
  readonly reasons: readonly string[];
}

/** A bucket and what is done to it, through an administrator's eyes. */
export class Arrangement {
  readonly bench: S3Bench;
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(bench: S3Bench, bucket: string) {
    this.bench = bench;
    this.bucket = bucket;
    this.#client = new S3Client({
      endpoint: bench.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: bench.admin,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  async create(lock: boolean): Promise<void> {
    await this.#client.send(
      new CreateBucketCommand({
        Bucket: this.bucket,
        ...(lock && { ObjectLockEnabledForBucket: true }),
      }),
    );
  }

  async versioning(status: "Enabled" | "Suspended"): Promise<void> {
    await this.#client.send(
      new PutBucketVersioningCommand({
        Bucket: this.bucket,
        VersioningConfiguration: { Status: status },
      }),
    );
  }

  async byDefault(mode: "COMPLIANCE" | "GOVERNANCE", days: number): Promise<void> {
    await this.#client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: this.bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          Rule: { DefaultRetention: { Mode: mode, Days: days } },
        },
      }),
    );
  }

  async put(content: string = "weights\n", retention?: Retained): Promise<string | undefined> {
    const { VersionId } = await this.#client.send(
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: KEY,
        Body: Buffer.from(content),
        ContentMD5: createHash("md5").update(content).digest("base64"),
        ...(retention && {
          ObjectLockMode: retention.mode,
          ObjectLockRetainUntilDate: new Date(Date.now() + retention.ms),
        }),
      }),
    );
    return VersionId;
  }

  async retain(versionId: string | undefined, { mode, ms }: Retained): Promise<void> {
    await this.#client.send(
      new PutObjectRetentionCommand({
        Bucket: this.bucket,
        Key: KEY,
        VersionId: versionId,
        Retention: { Mode: mode, RetainUntilDate: new Date(Date.now() + ms) },
      }),
    );
  }

  async hold(versionId: string | undefined): Promise<void> {
    await this.#client.send(
      new PutObjectLegalHoldCommand({
        Bucket: this.bucket,
        Key: KEY,
        VersionId: versionId,
        LegalHold: { Status: "ON" },
      }),
    );
  }

  async remove(versionId?: string): Promise<void> {
    await this.#client.send(
      new DeleteObjectCommand({ Bucket: this.bucket, Key: KEY, VersionId: versionId }),
    );
  }

  /** In one part, with the retention asked for where the upload is begun. */
  async multipart(content: string, { mode, ms }: Retained): Promise<string | undefined> {
    const at = { Bucket: this.bucket, Key: KEY };
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({
        ...at,
        ObjectLockMode: mode,
        ObjectLockRetainUntilDate: new Date(Date.now() + ms),
      }),
    );
    const { ETag } = await this.#client.send(
      new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.from(content) }),
    );
    const { VersionId } = await this.#client.send(
      new CompleteMultipartUploadCommand({
        ...at,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
    return VersionId;
  }

  async policy(policy: object): Promise<void> {
    await this.#client.send(
      new PutBucketPolicyCommand({ Bucket: this.bucket, Policy: JSON.stringify(policy) }),
    );
  }

  close(): void {
    this.#client.destroy();
  }
}

export interface Retained {
  readonly mode: "COMPLIANCE" | "GOVERNANCE";
  readonly ms: number;
}

export const KEY: string = "m/weights.bin";
export const BYTES: string = "weights\n";
const MD5 = createHash("md5").update(BYTES).digest("hex");
const DAY = 86_400_000;
export const YEAR: Retained = { mode: "COMPLIANCE", ms: 365 * DAY };

/** Every state of a bucket that has a verdict of its own; 90 days are required in all of them. */
export const S3_SCENARIOS: readonly S3Scenario[] = [
  {
    state: "1 lock off, versioning never on",
    async arrange(it) {
      await it.create(false);
      await it.put();
      return { key: KEY, expected: {} };
    },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "versioning-never-enabled", "version-has-no-retention"],
  },
  {
    state: "2 versioning only",
    async arrange(it) {
      await it.create(false);
      await it.versioning("Enabled");
      return { key: KEY, expected: { versionId: await it.put() } };
    },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "version-has-no-retention"],
  },
  {
    state: "3 versioning suspended",
    async arrange(it) {
      await it.create(false);
      await it.versioning("Enabled");
      await it.versioning("Suspended");
      await it.put();
      return { key: KEY, expected: {} };
    },
    verdict: "unprotected",
    reasons: ["object-lock-not-enabled", "versioning-suspended", "version-has-no-retention"],
  },
  {
    state: "4 lock on, no rule, version without retention",
    async arrange(it) {
      await it.create(true);
      return { key: KEY, expected: { versionId: await it.put() } };
    },
    verdict: "unprotected",
    reasons: ["version-has-no-retention"],
  },
  {
    state: "5 default added after the object was written",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put();
      await it.byDefault("COMPLIANCE", 365);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "unprotected",
    reasons: ["version-has-no-retention"],
  },
  {
    state: "5b written after the default",
    async arrange(it) {
      await it.create(true);
      await it.byDefault("COMPLIANCE", 365);
      return { key: KEY, expected: { versionId: await it.put() } };
    },
    verdict: "protected",
    reasons: [],
  },
  {
    state: "6 GOVERNANCE",
    async arrange(it) {
      await it.create(true);
      return {
        key: KEY,
        expected: { versionId: await it.put(BYTES, { mode: "GOVERNANCE", ms: 365 * DAY }) },
      };
    },
    verdict: "weak",
    reasons: ["governance-mode-bypassable"],
  },
  {
    state: "7 COMPLIANCE, 30 days left, 90 required",
    async arrange(it) {
      await it.create(true);
      return {
        key: KEY,
        expected: { versionId: await it.put(BYTES, { mode: "COMPLIANCE", ms: 30 * DAY }) },
      };
    },
    verdict: "weak",
    reasons: ["retention-ends-early"],
  },
  {
    state: "8 COMPLIANCE, the pinned version is the latest",
    async arrange(it) {
      await it.create(true);
      return { key: KEY, expected: { versionId: await it.put(BYTES, YEAR), md5: MD5 } };
    },
    verdict: "protected",
    reasons: [],
  },
  {
    state: "9 a newer version on top",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put(BYTES, YEAR);
      await it.put("other");
      return { key: KEY, expected: { versionId } };
    },
    verdict: "tampered",
    reasons: ["newer-version-shadows-pinned"],
  },
  {
    state: "9b the same, and nothing was pinned but the bytes",
    async arrange(it) {
      await it.create(true);
      await it.put(BYTES, YEAR);
      await it.put("other");
      return { key: KEY, expected: { md5: MD5 } };
    },
    verdict: "tampered",
    reasons: ["etag-md5-differs", "unpinned-key-has-older-versions", "version-has-no-retention"],
  },
  {
    state: "10 a delete marker on top",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put(BYTES, YEAR);
      await it.remove();
      return { key: KEY, expected: { versionId } };
    },
    verdict: "tampered",
    reasons: ["delete-marker-hides-object"],
  },
  {
    state: "11 a legal hold only",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put();
      await it.hold(versionId);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "weak",
    reasons: ["legal-hold-only"],
  },
  {
    state: "12 a legal hold and GOVERNANCE",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put(BYTES, { mode: "GOVERNANCE", ms: 365 * DAY });
      await it.hold(versionId);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "weak",
    reasons: ["governance-mode-bypassable", "legal-hold-beside"],
  },
  {
    state: "13 the retention expired",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put();
      await it.retain(versionId, { mode: "COMPLIANCE", ms: 2000 });
      await it.bench.sleep(3500);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "unprotected",
    reasons: ["retention-expired"],
  },
  {
    state: "13b the retention expired under a legal hold",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put();
      await it.retain(versionId, { mode: "COMPLIANCE", ms: 2000 });
      await it.hold(versionId);
      await it.bench.sleep(3500);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "weak",
    reasons: ["legal-hold-only", "retention-expired"],
  },
  {
    state: "14 the reader lacks the rights to see locks",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put(BYTES, YEAR);
      const reader = await it.bench.limited?.(it.bucket);
      return { key: KEY, expected: { versionId }, ...(reader && { reader }) };
    },
    verdict: "unknown",
    reasons: [
      "lock-config-unreadable:403",
      "retention-unreadable:403",
      "versioning-unreadable:403",
    ],
  },
  {
    state: "15 the pinned version is gone",
    async arrange(it) {
      await it.create(true);
      const versionId = await it.put();
      await it.remove(versionId);
      return { key: KEY, expected: { versionId } };
    },
    verdict: "tampered",
    reasons: ["object-version-missing:404"],
  },
  {
    state: "19 not pinned, several versions",
    async arrange(it) {
      await it.create(true);
      await it.put("older", YEAR);
      await it.put(BYTES, YEAR);
      return { key: KEY, expected: {} };
    },
    verdict: "weak",
    reasons: ["unpinned-key-has-older-versions"],
  },
];
