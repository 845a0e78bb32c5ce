import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openRepository, parseReference, type Repository } from "@mlsign/oci";
import type { ExecutionContext } from "ava";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

export interface Host {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly seen: Seen[];
}

/** A server of the test's own, which has each request's body before it answers. */
export async function serve(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
): Promise<Host> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    seen.push({ method, path, authorization: headers.authorization, range: headers.range });
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => answer(request, response, Buffer.concat(pieces)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** The repository `models/demo` of a server, as somebody with a password. */
export function repositoryAt({ host }: Host): Repository {
  return openRepository(parseReference(`${host}/models/demo`), {
    insecure: () => true,
    credentials: async () => ({ kind: "password", username: "me", password: "hunter2" }),
    retryDelayMs: 1,
    timeoutMs: 5_000,
  });
}

/** Asks for the password first. */
export function wantsLogin(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.authorization !== undefined) return false;
  response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
  return true;
}

export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
