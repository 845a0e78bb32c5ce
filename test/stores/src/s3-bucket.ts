import { createHash } from "node:crypto";

/** What an S3 server answers an error with. */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface S3BucketOptions {
  readonly lock?: boolean;
  readonly versioning?: "Enabled" | "Suspended";
  readonly defaultRetention?: { readonly mode: string; readonly days: number };
  readonly owner?: string;
}

export interface S3Retention {
  readonly mode: string;
  readonly until: Date;
}

export interface S3Version {
  readonly key: string;
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly content: Buffer;
  readonly modified: Date;
  retention?: S3Retention;
  legalHold: boolean;
}

/** One bucket with versions and Object Lock, as Amazon's documentation has it. */
export class S3Bucket {
  readonly owner: string | undefined;
  lock: boolean;
  versioning: "Enabled" | "Suspended" | undefined;
  defaultRetention: { readonly mode: string; readonly days: number } | undefined;
  noncurrentDays: number | undefined;
  /** Newest first, by key. */
  readonly #objects = new Map<string, S3Version[]>();
  readonly #clock: () => Date;
  readonly #enforce: boolean;
  #count = 0;

  constructor(
    options: S3BucketOptions,
    { clock, enforce }: { readonly clock: () => Date; readonly enforce: boolean },
  ) {
    this.#clock = clock;
    this.#enforce = enforce;
    this.owner = options.owner;
    this.lock = options.lock ?? false;
    this.versioning = options.versioning ?? (this.lock ? "Enabled" : undefined);
    this.defaultRetention = options.defaultRetention;
  }

  put(
    key: string,
    content: Buffer | string,
    options: { readonly retention?: S3Retention; readonly onlyNew?: boolean } = {},
  ): S3Version {
    const versions = this.#objects.get(key) ?? [];
    if (options.onlyNew === true && versions[0] !== undefined && !versions[0].isMarker)
      throw new S3Error(412, "PreconditionFailed");
    if (options.retention !== undefined && !this.lock)
      throw new S3Error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration");
    const byDefault = this.defaultRetention && {
      mode: this.defaultRetention.mode,
      until: new Date(this.#clock().getTime() + this.defaultRetention.days * 86_400_000),
    };
    const retention = options.retention ?? byDefault;
    const version: S3Version = {
      key,
      versionId: this.#nextId(),
      isMarker: false,
      content: Buffer.from(content),
      modified: this.#clock(),
      legalHold: false,
      ...(retention && { retention }),
    };
    this.#add(version);
    return version;
  }

  /** Without a version: a delete marker where versions are kept. */
  remove(key: string, versionId: string | undefined, bypass = false): S3Version | undefined {
    const versions = this.#objects.get(key) ?? [];
    if (versionId === undefined) {
      if (this.versioning === undefined) {
        this.#objects.delete(key);
        return undefined;
      }
      const marker: S3Version = {
        key,
        versionId: this.#nextId(),
        isMarker: true,
        content: Buffer.alloc(0),
        modified: this.#clock(),
        legalHold: false,
      };
      this.#add(marker);
      return marker;
    }
    const found = versions.find((it) => it.versionId === versionId);
    if (found === undefined) return undefined;
    if (this.#enforce && this.#isLocked(found, bypass))
      throw new S3Error(
        403,
        "AccessDenied",
        "Access Denied because object protected by object lock.",
      );
    versions.splice(versions.indexOf(found), 1);
    if (versions.length === 0) this.#objects.delete(key);
    return undefined;
  }

  find(key: string, versionId?: string | null): S3Version | undefined {
    const versions = this.#objects.get(key) ?? [];
    return versionId === undefined || versionId === null
      ? versions[0]
      : versions.find((it) => it.versionId === versionId);
  }

  retain(version: S3Version, wanted: S3Retention, bypass: boolean): void {
    if (!this.lock)
      throw new S3Error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration");
    const old = version.retention;
    const weaker = old !== undefined && (wanted.until < old.until || wanted.mode !== old.mode);
    const free = old?.mode === "GOVERNANCE" && bypass;
    if (this.#enforce && weaker && old.until > this.#clock() && !free)
      throw new S3Error(
        403,
        "AccessDenied",
        "Access Denied because object protected by object lock.",
      );
    version.retention = wanted;
  }

  /** In order of keys, and newest first. */
  list(prefix: string): { readonly version: S3Version; readonly isLatest: boolean }[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .flatMap(([, versions]) => versions.map((version, at) => ({ version, isLatest: at === 0 })));
  }

  #nextId(): string {
    this.#count += 1;
    return this.versioning === "Enabled"
      ? createHash("sha256").update(String(this.#count)).digest("base64url").slice(0, 32)
      : "null";
  }

  #add(version: S3Version): void {
    const versions = this.#objects.get(version.key) ?? [];
    const kept =
      version.versionId === "null" ? versions.filter((it) => it.versionId !== "null") : versions;
    this.#objects.set(version.key, [version, ...kept]);
  }

  #isLocked({ retention, legalHold }: S3Version, bypass: boolean): boolean {
    if (legalHold) return true;
    if (retention === undefined || retention.until <= this.#clock()) return false;
    return retention.mode === "COMPLIANCE" || !bypass;
  }
}
