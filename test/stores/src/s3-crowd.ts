import type { ServerResponse } from "node:http";
import { type Listening, listen, type Request } from "./http.ts";

export interface S3Crowd extends Listening {
  /** The most requests that were open at once. */
  readonly peak: () => number;
  /** Objects asked for, of pages that were listed: how far the listing runs ahead. */
  readonly ahead: () => number;
}

/**
 * A bucket of so many locked objects, none of which is kept anywhere: keys, versions and dates are
 * made up as they are asked for, so that the server's size says nothing about the client's.
 */
export async function startS3Crowd(count: number): Promise<S3Crowd> {
  let [open, peak, listed, ahead] = [0, 0, 0, 0];
  const asked = new Set<number>();
  const answer = (request: Request, response: ServerResponse): void => {
    open += 1;
    peak = Math.max(peak, open);
    // Answered in a turn of its own, so that requests overlap as they do on a network.
    setImmediate(() => {
      open -= 1;
      reply(request, response);
    });
  };
  const reply = ({ method, url, path }: Request, response: ServerResponse): void => {
    const query = url.searchParams;
    response.setHeader("content-type", "application/xml");
    if (query.has("object-lock"))
      return void response.end(
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
      );
    if (query.has("versioning"))
      return void response.end(
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      );
    if (query.has("versions")) {
      const from = Number(query.get("key-marker")?.slice(2) ?? -1) + 1;
      const to = Math.min(count, from + PAGE);
      // How many of the pages before this one were not yet asked for when it was.
      ahead = Math.max(ahead, listed - asked.size);
      listed = to;
      return void response.end(page(from, to, to < count));
    }
    if (query.has("retention"))
      return void response.end(
        "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2100-01-01T00:00:00Z</RetainUntilDate></Retention>",
      );
    if (method === "HEAD") {
      const index = Number(path.split("/").at(-1));
      asked.add(index);
      response.setHeader("x-amz-version-id", `v${index}`);
      response.setHeader("content-length", "3");
      return void response.end();
    }
    response.writeHead(404).end("<Error><Code>NoSuchObjectLockConfiguration</Code></Error>");
  };
  const listening = await listen(answer);
  return { ...listening, peak: () => peak, ahead: () => ahead };
}

function page(from: number, to: number, more: boolean): string {
  let items = "";
  for (let index = from; index < to; index += 1)
    items += `<Version><Key>m/${keyOf(index)}</Key><VersionId>v${index}</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;${keyOf(index).padStart(32, "0")}&quot;</ETag><Size>3</Size></Version>`;
  const next = more
    ? `<NextKeyMarker>m/${keyOf(to - 1)}</NextKeyMarker><NextVersionIdMarker>v${to - 1}</NextVersionIdMarker>`
    : "";
  return `<ListVersionsResult><IsTruncated>${more}</IsTruncated>${next}${items}</ListVersionsResult>`;
}

/** In the order of the numbers. */
function keyOf(index: number): string {
  return String(index).padStart(9, "0");
}

const PAGE = 1000;
