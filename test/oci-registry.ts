import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

export interface SmallRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  /** By digest, and by tag. */
  readonly manifests: Map<string, Buffer>;
  /** `METHOD path` of each request. */
  readonly seen: string[];
}

/** A registry in memory with one repository, `models/demo`, and the referrers of OCI 1.1. */
export async function smallRegistry(t: ExecutionContext): Promise<SmallRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const seen: string[] = [];
  let upload = Buffer.alloc(0);
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      const body = Buffer.concat(pieces);
      const { pathname, searchParams } = new URL(url, "http://x");
      const [, kind, name = ""] = /^\/v2\/models\/demo\/(\w+)\/(.*)$/.exec(pathname) ?? [];
      seen.push(`${method} ${pathname}`);
      const none = (): unknown =>
        response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      if (kind === "referrers") return response.end(referrersOf(name, manifests));
      if (kind === "manifests") {
        if (method === "PUT") {
          manifests.set(name, body).set(digestOf(body), body);
          const json = JSON.parse(body.toString()) as { subject?: { digest: string } };
          if (json.subject !== undefined) response.setHeader("oci-subject", json.subject.digest);
          return response.writeHead(201).end();
        }
        const found = manifests.get(name);
        return found === undefined ? none() : response.end(found);
      }
      if (kind !== "blobs") return none();
      if (name === "uploads/" && method === "POST") {
        upload = Buffer.alloc(0);
        return response.writeHead(202, { location: "/v2/models/demo/blobs/uploads/1" }).end();
      }
      if (method === "PATCH") {
        upload = Buffer.concat([upload, body]);
        const location = "/v2/models/demo/blobs/uploads/1";
        return response.writeHead(202, { location, range: `0-${upload.length - 1}` }).end();
      }
      if (method === "PUT") {
        blobs.set(searchParams.get("digest") ?? "", Buffer.concat([upload, body]));
        return response.writeHead(201).end();
      }
      const blob = blobs.get(name);
      if (blob === undefined) return none();
      return response.end(method === "HEAD" ? undefined : blob);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, blobs, manifests, seen };
}

function referrersOf(digest: string, manifests: ReadonlyMap<string, Buffer>): string {
  const found = [...manifests].flatMap(([name, body]) => {
    if (!name.includes(":")) return [];
    const json = JSON.parse(body.toString()) as {
      subject?: { digest: string };
      artifactType?: string;
    };
    if (json.subject?.digest !== digest) return [];
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    return [{ mediaType, digest: name, size: body.length, artifactType: json.artifactType }];
  });
  return JSON.stringify({ schemaVersion: 2, manifests: found });
}

export function digestOf(data: Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}
