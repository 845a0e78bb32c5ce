import type { IncomingHttpHeaders } from "node:http";

export interface ServiceRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** How a service that answers at all may lie. */
export type Lie = "wrong-key" | "replayed" | "stale";

export type Handler = (request: ServiceRequest, lie: Lie | undefined) => Reply;

/** A refusal: the status and the message that the real service gives. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "Refusal";
    this.reply = json(
      { code: GRPC_CODES[status] ?? status, message, details: [] },
      status,
      headers,
    );
  }
}

export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

export function text(value: string, status = 200, type = "text/plain; charset=utf-8"): Reply {
  return { status, headers: { "content-type": type }, body: Buffer.from(value) };
}

export function notFound(): never {
  throw new Refusal(404, "Not Found");
}

/** @throws Refusal 400 where the body is not a JSON object. */
export function objectOf(body: Buffer): Record<string, unknown> {
  return asObject(parsed(body.toString("utf8")));
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal(400, "not a JSON object");
  }
  return value as Record<string, unknown>;
}

export function asText(value: unknown): string {
  if (typeof value !== "string") throw new Refusal(400, "not a string");
  return value;
}

export function asBytes(value: unknown): Buffer {
  return Buffer.from(asText(value), "base64");
}

/** Runs what a stranger's input may break; anything it throws is the stranger's fault. */
export function orRefuse<T>(message: string, action: () => T, status = 400): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(status, message);
  }
}

function parsed(source: string): unknown {
  return orRefuse("not JSON", () => JSON.parse(source) as unknown);
}

/** gRPC's codes for the statuses that its gateway gives. */
const GRPC_CODES: Record<number, number> = { 400: 3, 401: 16, 404: 5, 409: 6, 500: 13, 503: 14 };
