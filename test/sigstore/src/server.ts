import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, type Faults, lieOf, type ServiceName } from "./faults.ts";
import { type Handler, Refusal, type Reply, type ServiceRequest, text } from "./http.ts";

/** A request that arrived, without what it said. */
export interface RequestRecord {
  readonly service: ServiceName | "elsewhere";
  readonly method: string;
  readonly path: string;
  readonly bytes: number;
  /** Whether credentials came along in a header. */
  readonly authorized: boolean;
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly name: ServiceName | "elsewhere";
  readonly port: number;
  readonly faults: Faults;
  readonly requests: RequestRecord[];
  /** Where a `redirect` fault leads. */
  readonly elsewhere: string;
}

/** Serves one service on a loopback port of its own. */
export async function listen(handler: Handler, options: ServiceOptions): Promise<Listening> {
  const server = createServer((message, response) => {
    answer(message, response, handler, options).catch(() => response.destroy());
  });
  server.listen(options.port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve).once("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  handler: Handler,
  { name, faults, requests, elsewhere }: ServiceOptions,
): Promise<void> {
  const request = await readRequest(message);
  const { method, url, headers, body } = request;
  const path = url.pathname;
  const authorized = headers.authorization !== undefined;
  requests.push({ service: name, method, path, bytes: body.length, authorized });
  const fault = name === "elsewhere" ? undefined : faults.take(name, path);
  const reply = works(fault) ? handle(handler, request, fault) : NOTHING;
  await send(response, reply, fault, `${elsewhere}${path}`);
}

/** Whether the service does its work before the fault shows. */
function works(fault: Fault | undefined): boolean {
  switch (fault?.kind) {
    case "hang":
    case "reset":
    case "status":
      return fault.processed === true;
    case "redirect":
    case "garbage":
      return false;
    default:
      return true;
  }
}

function handle(handler: Handler, request: ServiceRequest, fault: Fault | undefined): Reply {
  try {
    return handler(request, lieOf(fault));
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

async function send(
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
  elsewhere: string,
): Promise<void> {
  switch (fault?.kind) {
    case "hang":
      return;
    case "reset":
      response.destroy();
      return;
    case "slow":
      await sleep(fault.ms);
      return write(response, reply);
    case "status": {
      const retry = fault.retryAfter;
      const extra = retry === undefined ? {} : { "retry-after": String(retry) };
      const said = text("the service is not well", fault.status);
      return write(response, { ...said, headers: { ...said.headers, ...extra } });
    }
    case "redirect": {
      const headers = { location: fault.to ?? elsewhere };
      return write(response, { status: fault.status ?? 307, headers, body: Buffer.alloc(0) });
    }
    case "garbage":
      return write(response, text("<html>Welcome to the guest network", reply.status, "text/html"));
    case "truncated":
      // The length promises more than comes.
      response.writeHead(reply.status, { ...reply.headers, "content-length": reply.body.length });
      response.write(reply.body.subarray(0, reply.body.length / 2), () => response.destroy());
      return;
    case "oversized":
      return write(response, { ...reply, body: Buffer.alloc(fault.bytes, 0x20) });
    default:
      return write(response, reply);
  }
}

function write(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(body);
}

async function readRequest(message: IncomingMessage): Promise<ServiceRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const url = new URL(message.url ?? "/", "http://127.0.0.1");
  const { method = "GET", headers } = message;
  return { method, url, headers, body: Buffer.concat(chunks) };
}

/** Also ends requests that hang. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

const NOTHING: Reply = { status: 200, body: Buffer.alloc(0) };
