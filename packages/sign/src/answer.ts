import { isRecord, MlsignError, parseJson } from "@mlsign/core";

/** A service's JSON answer, as an object. */
export function answerOf(body: Buffer, service: string): Record<string, unknown> {
  try {
    const json = parseJson(body, { maxBytes: 4 * 1024 * 1024, maxDepth: 32 });
    if (isRecord(json)) return json;
  } catch {
    // The parser quotes duplicate keys: a service that was sent a token could have it printed.
    throw lied(service, "it is not JSON");
  }
  throw lied(service, "it is not a JSON object");
}

/** The service answered, but not with what was asked for. */
export function lied(service: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError("service-lied", `Cannot use the answer of ${service}: ${why}`, {
    ...(cause !== undefined && { cause }),
  });
}
