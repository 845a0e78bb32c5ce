import type { ServerResponse } from "node:http";
import { forbidden, GcsBucket, type GcsBucketOptions, GcsError } from "./gcs-bucket.ts";
import { type Listening, listen, ranged, type Request } from "./http.ts";

export interface GcsServerOptions {
  /** Says what is locked, and lets everything go. */
  readonly lies?: boolean;
  readonly pageSize?: number;
}

export interface GcsServer extends Listening {
  readonly buckets: Map<string, GcsBucket>;
  /** Permissions that the caller lacks. */
  readonly denied: Set<string>;
  /** Methods and paths, as they were asked. */
  readonly asked: string[];
  /** The next so many requests are answered with this status. */
  fail(status: number, times: number): void;
  /** Moves the server's clock. */
  sleep(ms: number): void;
  now(): Date;
  create(name: string, options?: GcsBucketOptions): GcsBucket;
}

/**
 * As much of the JSON API of Google Cloud Storage as a check asks for, with its enforcement. No
 * public emulator enforces it: this one is built to published measurements of the real service.
 */
export async function startGcs(options: GcsServerOptions = {}): Promise<GcsServer> {
  const buckets = new Map<string, GcsBucket>();
  const denied = new Set<string>();
  const asked: string[] = [];
  let ahead = 0;
  let failing: { status: number; times: number } | undefined;
  const now = (): Date => new Date(Date.now() + ahead);

  const answer = (request: Request, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url.pathname}${request.url.search}`);
    response.setHeader("date", now().toUTCString());
    response.setHeader("x-guploader-uploadid", `request-${asked.length}`);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(status === 204 ? undefined : JSON.stringify(body));
    };
    const error = (status: number, reason: string, message: string): void =>
      json(status, {
        error: { code: status, message, errors: [{ message, domain: "global", reason }] },
      });
    if (failing !== undefined && failing.times > 0) {
      failing.times -= 1;
      return error(failing.status, "rateLimitExceeded", "try again");
    }
    if (request.headers.authorization === undefined)
      return error(401, "required", "Anonymous caller does not have access.");
    try {
      route(request, response, json);
    } catch (thrown) {
      if (!(thrown instanceof GcsError)) throw thrown;
      error(thrown.status, thrown.reason, thrown.message);
    }
  };

  const route = (
    request: Request,
    response: ServerResponse,
    json: (status: number, body: unknown) => void,
  ): void => {
    const { method, path, url, headers, body } = request;
    const query = url.searchParams;
    const match =
      /^\/(?:upload\/)?storage\/v1\/b\/([^/]+)(?:\/(o|iam|lockRetentionPolicy)(?:\/(.+))?)?$/.exec(
        path,
      );
    const bucket = buckets.get(decodeURIComponent(match?.[1] ?? ""));
    if (match === null || bucket === undefined)
      throw new GcsError(404, "notFound", "The specified bucket does not exist.");
    const [, , kind, rest] = match;
    const name = rest === undefined ? undefined : decodeURIComponent(rest);
    const need = (permission: string): void => {
      if (denied.has(permission)) throw forbidden(permission);
    };
    if (kind === undefined) {
      need(method === "GET" ? "storage.buckets.get" : "storage.buckets.update");
      if (method === "PATCH") bucket.patch(JSON.parse(body.toString()) as object);
      return json(200, bucket.metadata());
    }
    if (kind === "lockRetentionPolicy") {
      need("storage.buckets.update");
      bucket.lock(query.get("ifMetagenerationMatch"));
      return json(200, bucket.metadata());
    }
    if (kind === "iam") {
      const permissions = query.getAll("permissions").filter((it) => !denied.has(it));
      return json(200, { kind: "storage#testIamPermissionsResponse", permissions });
    }
    if (path.startsWith("/upload/")) {
      need("storage.objects.create");
      const { content, named } = upload(headers["content-type"] ?? "", body);
      const written = bucket.write(query.get("name") ?? named ?? "", content, {
        ifGenerationMatch: query.get("ifGenerationMatch"),
        mayDelete: !denied.has("storage.objects.delete"),
      });
      return json(200, bucket.resource(written));
    }
    if (name === undefined) {
      need("storage.objects.list");
      return json(200, page(bucket, query));
    }
    const generation = query.get("generation");
    switch (method) {
      case "GET": {
        need("storage.objects.get");
        const found = bucket.get(name, generation, query.get("softDeleted") === "true");
        if (query.get("alt") !== "media") return json(200, bucket.resource(found));
        response.end(ranged(request, response, found.content));
        return undefined;
      }
      case "PATCH": {
        const override = query.get("overrideUnlockedRetention") === "true";
        const change = JSON.parse(body.toString()) as object;
        need("storage.objects.update");
        if ("retention" in change) need("storage.objects.setRetention");
        if (override) need("storage.objects.overrideUnlockedRetention");
        return json(200, bucket.resource(bucket.update(name, generation, change, override)));
      }
      case "DELETE":
        need("storage.objects.delete");
        bucket.remove(name, generation, { ifGenerationMatch: query.get("ifGenerationMatch") });
        return json(204, undefined);
      default:
        throw new GcsError(405, "methodNotAllowed", "no such method");
    }
  };

  const page = (bucket: GcsBucket, query: URLSearchParams): object => {
    const all = bucket.list({
      prefix: query.get("prefix") ?? "",
      versions: query.get("versions") === "true",
      softDeleted: query.get("softDeleted") === "true",
    });
    const from = Number(query.get("pageToken") ?? 0);
    const size = Math.min(options.pageSize ?? 1000, Number(query.get("maxResults") ?? 1000));
    const to = from + size;
    return {
      kind: "storage#objects",
      items: all.slice(from, to).map((it) => bucket.resource(it)),
      ...(to < all.length && { nextPageToken: String(to) }),
    };
  };

  const listening = await listen(answer);
  return {
    ...listening,
    buckets,
    denied,
    asked,
    now,
    fail: (status, times) => {
      failing = { status, times };
    },
    sleep: (ms) => {
      ahead += ms;
    },
    create(name, bucketOptions = {}) {
      const enforce = options.lies !== true;
      const bucket = new GcsBucket(name, bucketOptions, { clock: now, enforce });
      buckets.set(name, bucket);
      return bucket;
    },
  };
}

/** The second part of a `multipart/related` body is the object. */
function upload(type: string, body: Buffer): { content: Buffer; named: string | undefined } {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
  if (boundary === undefined) return { content: body, named: undefined };
  const text = body.toString("latin1");
  const parts = text.split(`--${boundary}`).slice(1, -1);
  const contents = parts.map((part) =>
    part.slice(part.indexOf("\r\n\r\n") + 4).replace(/\r\n$/, ""),
  );
  const { name } = JSON.parse(contents[0] ?? "{}") as { name?: string };
  return { content: Buffer.from(contents[1] ?? "", "latin1"), named: name };
}
