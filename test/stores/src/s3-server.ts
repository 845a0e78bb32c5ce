import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Listening, listen, ranged, type Request } from "./http.ts";
import { S3Bucket, type S3BucketOptions, S3Error, type S3Version } from "./s3-bucket.ts";

export interface S3ServerOptions {
  /** Says what is locked, and lets everything go. */
  readonly lies?: boolean;
  /** Answers every question of a lock with 200 and nothing. */
  readonly ignores?: boolean;
  readonly pageSize?: number;
}

export interface S3Server extends Listening {
  readonly buckets: Map<string, S3Bucket>;
  /** Actions that the caller lacks: `s3:GetObjectRetention`. */
  readonly denied: Set<string>;
  /** Methods and paths, as they were asked. */
  readonly asked: string[];
  /** The next so many requests are answered with this status. */
  fail(status: number, times: number): void;
  /** Is told each request before it is answered, and may end the connection instead. */
  intercept(by: ((request: Request) => "cut" | "lose" | undefined) | undefined): void;
  sleep(ms: number): void;
  now(): Date;
  create(name: string, options?: S3BucketOptions): S3Bucket;
}

/** As much of S3 as a check, its drills and a test's arrangements ask for. */
export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const buckets = new Map<string, S3Bucket>();
  const denied = new Set<string>();
  const asked: string[] = [];
  let ahead = 0;
  let failing: { status: number; times: number } | undefined;
  let interceptor: ((request: Request) => "cut" | "lose" | undefined) | undefined;
  const now = (): Date => new Date(Date.now() + ahead);
  const create = (name: string, bucketOptions: S3BucketOptions = {}): S3Bucket => {
    const enforce = options.lies !== true;
    const bucket = new S3Bucket(bucketOptions, { clock: now, enforce });
    buckets.set(name, bucket);
    return bucket;
  };

  const answer = (request: Request, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url.pathname}${request.url.search}`);
    response.setHeader("date", now().toUTCString());
    response.setHeader("x-amz-request-id", `request-${asked.length}`);
    response.setHeader("content-type", "application/xml");
    const error = (status: number, code: string, message: string): void => {
      const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
      response.writeHead(status).end(request.method === "HEAD" ? undefined : body);
    };
    const fate = interceptor?.(request);
    if (fate === "cut") return void response.destroy();
    if (failing !== undefined && failing.times > 0) {
      failing.times -= 1;
      return error(failing.status, "SlowDown", "try again");
    }
    try {
      const body = handle(request, response);
      if (fate === "lose") response.destroy();
      else if (!response.writableEnded) response.end(body);
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) throw thrown;
      error(thrown.status, thrown.code, thrown.message);
    }
  };

  const need = (action: string): void => {
    if (denied.has(action)) throw new S3Error(403, "AccessDenied");
  };

  const handle = (request: Request, response: ServerResponse): string | Buffer => {
    const { method, headers, url } = request;
    const [, name = "", ...rest] = request.path.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const query = url.searchParams;
    if (key === "" && method === "PUT" && query.size === 0) {
      create(name, { lock: headers["x-amz-bucket-object-lock-enabled"] === "true" });
      return "";
    }
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new S3Error(404, "NoSuchBucket");
    const expected = headers["x-amz-expected-bucket-owner"];
    if (expected !== undefined && expected !== bucket.owner) throw new S3Error(403, "AccessDenied");
    return key === ""
      ? onBucket(bucket, request, query)
      : onObject(bucket, key, request, query, response);
  };

  const onBucket = (bucket: S3Bucket, request: Request, query: URLSearchParams): string => {
    const { method, body } = request;
    const text = body.toString();
    const write = method === "PUT";
    if (query.has("object-lock")) {
      if (options.ignores === true) return "";
      if (write) {
        const mode = tag(text, "Mode");
        const days = tag(text, "Days");
        bucket.lock = true;
        if (mode !== undefined && days !== undefined)
          bucket.defaultRetention = { mode, days: Number(days) };
        return "";
      }
      need("s3:GetBucketObjectLockConfiguration");
      if (!bucket.lock) throw new S3Error(404, "ObjectLockConfigurationNotFoundError");
      const rule =
        bucket.defaultRetention &&
        `<Rule><DefaultRetention><Mode>${bucket.defaultRetention.mode}</Mode><Days>${bucket.defaultRetention.days}</Days></DefaultRetention></Rule>`;
      return `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule ?? ""}</ObjectLockConfiguration>`;
    }
    if (query.has("versioning")) {
      if (write) {
        const status = tag(text, "Status");
        if (bucket.lock && status !== "Enabled") throw new S3Error(409, "InvalidBucketState");
        bucket.versioning = status === "Enabled" ? "Enabled" : "Suspended";
        return "";
      }
      need("s3:GetBucketVersioning");
      const status = bucket.versioning && `<Status>${bucket.versioning}</Status>`;
      return `<VersioningConfiguration>${status ?? ""}</VersioningConfiguration>`;
    }
    if (query.has("lifecycle")) {
      if (bucket.noncurrentDays === undefined)
        throw new S3Error(404, "NoSuchLifecycleConfiguration");
      return `<LifecycleConfiguration><Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>${bucket.noncurrentDays}</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`;
    }
    if (query.has("versions")) {
      need("s3:ListBucketVersions");
      return versionsPage(bucket, query);
    }
    if (method === "HEAD") return "";
    throw new S3Error(501, "NotImplemented");
  };

  const versionsPage = (bucket: S3Bucket, query: URLSearchParams): string => {
    const all = bucket.list(query.get("prefix") ?? "");
    const keyMarker = query.get("key-marker");
    const idMarker = query.get("version-id-marker");
    const from =
      keyMarker === null
        ? 0
        : all.findIndex(
            ({ version }) => version.key === keyMarker && version.versionId === idMarker,
          ) + 1;
    const to = from + Math.min(options.pageSize ?? 1000, Number(query.get("max-keys") ?? 1000));
    const items = all.slice(from, to).map(({ version: it, isLatest }) => {
      const name = it.isMarker ? "DeleteMarker" : "Version";
      const rest = it.isMarker
        ? ""
        : `<ETag>&quot;${md5(it)}&quot;</ETag><Size>${it.content.length}</Size>`;
      return `<${name}><Key>${xml(it.key)}</Key><VersionId>${it.versionId}</VersionId><IsLatest>${isLatest}</IsLatest><LastModified>${it.modified.toISOString()}</LastModified>${rest}</${name}>`;
    });
    const last = all[to - 1]?.version;
    const more = to < all.length && last !== undefined;
    const markers = more
      ? `<NextKeyMarker>${xml(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.versionId}</NextVersionIdMarker>`
      : "";
    return `<ListVersionsResult><IsTruncated>${more}</IsTruncated>${markers}${items.join("")}</ListVersionsResult>`;
  };

  const onObject = (
    bucket: S3Bucket,
    key: string,
    request: Request,
    query: URLSearchParams,
    response: ServerResponse,
  ): string | Buffer => {
    const { method, headers, body } = request;
    const text = body.toString();
    const bypass = headers["x-amz-bypass-governance-retention"] === "true";
    const versionId = query.get("versionId") ?? undefined;
    if (method === "PUT" && !query.has("retention") && !query.has("legal-hold")) {
      need("s3:PutObject");
      const mode = headers["x-amz-object-lock-mode"];
      const until = headers["x-amz-object-lock-retain-until-date"];
      const written = bucket.put(key, body, {
        onlyNew: headers["if-none-match"] === "*",
        ...(typeof mode === "string" &&
          typeof until === "string" && { retention: { mode, until: new Date(until) } }),
      });
      response.setHeader("x-amz-version-id", written.versionId);
      response.setHeader("etag", `"${md5(written)}"`);
      return "";
    }
    if (method === "DELETE") {
      need(versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion");
      if (bypass) need("s3:BypassGovernanceRetention");
      const marker = bucket.remove(key, versionId, bypass);
      if (marker !== undefined) response.setHeader("x-amz-version-id", marker.versionId);
      response.writeHead(204).end();
      return "";
    }
    const found = bucket.find(key, versionId);
    if (found?.isMarker === true) response.setHeader("x-amz-delete-marker", "true");
    if (found === undefined || found.isMarker)
      throw new S3Error(404, versionId === undefined ? "NoSuchKey" : "NoSuchVersion");
    if (query.has("retention") || query.has("legal-hold")) {
      if (options.ignores === true) return "";
      return query.has("retention")
        ? onRetention(bucket, found, method, text, bypass)
        : onHold(bucket, found, method, text);
    }
    need("s3:GetObject");
    response.setHeader("x-amz-version-id", found.versionId);
    response.setHeader("content-length", String(found.content.length));
    response.setHeader("last-modified", found.modified.toUTCString());
    response.setHeader("etag", `"${md5(found)}"`);
    return method === "HEAD" ? "" : ranged(request, response, found.content);
  };

  const onRetention = (
    bucket: S3Bucket,
    found: S3Version,
    method: string,
    text: string,
    bypass: boolean,
  ): string => {
    if (method === "PUT") {
      need("s3:PutObjectRetention");
      if (bypass) need("s3:BypassGovernanceRetention");
      const until = new Date(tag(text, "RetainUntilDate") ?? "");
      bucket.retain(found, { mode: tag(text, "Mode") ?? "", until }, bypass);
      return "";
    }
    need("s3:GetObjectRetention");
    if (!bucket.lock) throw new S3Error(400, "InvalidRequest");
    if (found.retention === undefined) throw new S3Error(404, "NoSuchObjectLockConfiguration");
    const { mode, until } = found.retention;
    return `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until.toISOString()}</RetainUntilDate></Retention>`;
  };

  const onHold = (bucket: S3Bucket, found: S3Version, method: string, text: string): string => {
    if (method === "PUT") {
      found.legalHold = tag(text, "Status") === "ON";
      return "";
    }
    need("s3:GetObjectLegalHold");
    if (!bucket.lock) throw new S3Error(400, "InvalidRequest");
    if (!found.legalHold) throw new S3Error(404, "NoSuchObjectLockConfiguration");
    return "<LegalHold><Status>ON</Status></LegalHold>";
  };

  const listening = await listen(answer);
  return {
    ...listening,
    buckets,
    denied,
    asked,
    now,
    create,
    fail: (status, times) => {
      failing = { status, times };
    },
    intercept: (by) => {
      interceptor = by;
    },
    sleep: (ms) => {
      ahead += ms;
    },
  };
}

function md5({ content }: S3Version): string {
  return createHash("md5").update(content).digest("hex");
}

function tag(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
