import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

export interface VersionedBucket {
  readonly endpoint: string;
  /** Writes a version of `/bucket/key`. */
  readonly put: (path: string, content: string | Buffer) => void;
  readonly remove: (path: string) => void;
}

/** As much of S3 as a reader of a versioned bucket asks for, with no lock. */
export async function versionedBucket(t: ExecutionContext): Promise<VersionedBucket> {
  const objects = new Map<string, Buffer[]>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://x");
    const error = (status: number, code: string): void => {
      const body = `<Error><Code>${code}</Code></Error>`;
      response.writeHead(status).end(request.method === "HEAD" ? undefined : body);
    };
    if (query.has("versions")) {
      const prefix = query.get("prefix") ?? "";
      const versions = [...objects].flatMap(([path, contents]) => {
        const key = path.split("/").slice(2).join("/");
        if (!key.startsWith(prefix)) return [];
        return contents.map((content, at) => {
          const latest = at === contents.length - 1;
          return `<Version><Key>${key}</Key><VersionId>v${at}</VersionId><IsLatest>${latest}</IsLatest><Size>${content.length}</Size></Version>`;
        });
      });
      response.end(
        `<ListVersionsResult><IsTruncated>false</IsTruncated>${versions.toReversed().join("")}</ListVersionsResult>`,
      );
      return;
    }
    if (query.has("retention") || query.has("legal-hold"))
      return error(404, "NoSuchObjectLockConfiguration");
    const versions = objects.get(decodeURIComponent(pathname)) ?? [];
    const at = Number((query.get("versionId") ?? `v${versions.length - 1}`).slice(1));
    const content = versions[at];
    if (content === undefined) return error(404, "NoSuchKey");
    response.setHeader("x-amz-version-id", `v${at}`);
    response.setHeader("content-length", String(content.length));
    response.setHeader("etag", `"${createHash("md5").update(content).digest("hex")}"`);
    response.end(request.method === "HEAD" ? undefined : content);
  };
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/xml");
    request.resume().on("end", () => answer(request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    put: (path, content) =>
      void objects.set(path, [...(objects.get(path) ?? []), Buffer.from(content)]),
    remove: (path) => void objects.delete(path),
  };
}
