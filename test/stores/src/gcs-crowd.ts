import type { ServerResponse } from "node:http";
import { type Listening, listen, type Request } from "./http.ts";

/**
 * A bucket of so many retained objects, none of which is kept anywhere: they are made up as they
 * are asked for, so that the server's size says nothing about the client's.
 */
export async function startGcsCrowd(count: number): Promise<Listening> {
  return listen(({ url }: Request, response: ServerResponse): void => {
    const { pathname, searchParams: query } = url;
    response.setHeader("content-type", "application/json");
    const json = (body: unknown): void => void response.end(JSON.stringify(body));
    if (pathname.endsWith("/iam/testPermissions")) return json({ permissions: [] });
    if (pathname.endsWith("/o")) {
      const from = Number(query.get("pageToken") ?? 0);
      const to = Math.min(count, from + PAGE);
      const items = Array.from({ length: to - from }, (_, at) => resource(from + at));
      return json({ items, ...(to < count && { nextPageToken: String(to) }) });
    }
    if (pathname.includes("/o/")) return json(resource(Number(pathname.slice(-9))));
    json({ retentionPolicy: { retentionPeriod: "31536000", isLocked: true } });
  });
}

function resource(index: number): object {
  return {
    name: `m/${String(index).padStart(9, "0")}`,
    generation: String(1_700_000_000_000_000 + index),
    metageneration: "1",
    size: "3",
    md5Hash: "kAFQmDzST7DWlj99KOF/cg==",
    crc32c: "Nks/tw==",
    timeCreated: "2026-01-01T00:00:00.000Z",
    retentionExpirationTime: "2100-01-01T00:00:00.000Z",
  };
}

const PAGE = 1000;
