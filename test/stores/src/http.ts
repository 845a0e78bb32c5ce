import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Request {
  readonly method: string;
  readonly url: URL;
  /** The path as it was sent, still encoded. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Listening {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** The part of a content that a request's `Range: bytes=N-` asks for; the answer's head says so. */
export function ranged({ headers }: Request, response: ServerResponse, content: Buffer): Buffer {
  const start = /^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1];
  if (start === undefined) return content;
  const rest = content.subarray(Number(start));
  response.statusCode = 206;
  response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  if (response.hasHeader("content-length")) response.setHeader("content-length", rest.length);
  return rest;
}

/** A server on 127.0.0.1 that has each request's body before it answers. */
export async function listen(
  answer: (request: Request, response: ServerResponse) => void,
): Promise<Listening> {
  const server = createServer({ keepAlive: true }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const path = (request.url ?? "/").split("?")[0] ?? "/";
      const { method = "GET", headers } = request;
      try {
        answer({ method, url, path, headers, body: Buffer.concat(chunks) }, response);
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
