import { MlsignError } from "@mlsign/core";
import { type Descriptor, hashFor } from "./descriptor.ts";
import type { Reply } from "./exchange.ts";
import type { Session } from "./session.ts";

/**
 * The bytes of a blob, in order and once. A broken connection is taken up where it broke. Size and
 * digest are checked as they come: the last piece is handed on only when all of it is right, so
 * that whoever reached the end has the very bytes.
 *
 * @throws MlsignError `service-failed`, `service-lied`
 */
export async function* downloadBlob(
  session: Session,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
): AsyncGenerator<Uint8Array> {
  const hash = hashFor(digest);
  let held: Uint8Array | undefined;
  let done = 0;
  let failures = 0;
  let tried = 0;
  while (done < size || tried === 0) {
    tried += 1;
    const start = done;
    try {
      for await (const chunk of await piecesFrom(session, digest, { start, size })) {
        if (held !== undefined) yield held;
        hash.update(chunk);
        done += chunk.length;
        if (done > size) throw session.lied(`more bytes than ${size} for ${digest}`);
        held = chunk;
      }
      if (done < size) throw new Cut(`sent ${done} of ${size} bytes`);
    } catch (error) {
      // A connection that broke; what the registry said in full is final.
      if (!isBreak(error)) throw error;
      failures = done - start >= PROGRESS ? 1 : failures + 1;
      if (failures > MOST_FAILURES) {
        if (error instanceof Cut) throw session.failed(`it ${error.message} for ${digest}`);
        throw error;
      }
      await session.pause(failures);
    }
  }
  const found = hash.digest("hex");
  if (digest !== `${digest.split(":")[0]}:${found}`)
    throw session.lied(`other bytes than ${digest} names`);
  if (held !== undefined) yield held;
}

/** A small blob, whole. @throws MlsignError `service-failed`, `service-lied`, `limit-exceeded` */
export async function readBlob(
  session: Session,
  descriptor: Pick<Descriptor, "digest" | "size">,
  most: number,
): Promise<Buffer> {
  if (descriptor.size > most) {
    const what = `Cannot read ${descriptor.digest}: ${descriptor.size} bytes, at most ${most}`;
    throw new MlsignError("limit-exceeded", what);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of downloadBlob(session, descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function piecesFrom(
  session: Session,
  digest: string,
  { start, size }: { readonly start: number; readonly size: number },
): Promise<AsyncIterable<Uint8Array>> {
  const headers: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` };
  const reply = await session.follow(session.at(`blobs/${digest}`), headers);
  if (reply.status === 206 && start > 0) {
    const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(reply.headers.get("content-range") ?? "");
    if (Number(range?.[1]) === start) return reply.chunks();
    await reply.drop();
    throw session.lied("another range than was asked for");
  }
  if (reply.status !== 200) {
    await reply.drop();
    if (BUSY.has(reply.status)) throw new Cut(`answered ${reply.status}`);
    throw session.refused(`read ${digest}`, reply);
  }
  const length = reply.headers.get("content-length");
  if (length !== null && Number(length) !== size) {
    await reply.drop();
    throw session.lied(`${Number(length)} bytes for ${digest}, wanted ${size}`);
  }
  return start === 0 ? reply.chunks() : after(reply, start);
}

/** A server that knows no ranges sends all of it again: what was had is passed over. */
async function* after(reply: Reply, start: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of reply.chunks()) {
    const skip = Math.min(Math.max(start - at, 0), chunk.length);
    at += chunk.length;
    if (skip < chunk.length) yield chunk.subarray(skip);
  }
}

/** An answer that ended before its end. */
class Cut extends Error {}

function isBreak(error: unknown): boolean {
  if (error instanceof Cut) return true;
  return (
    error instanceof MlsignError && error.code === "service-failed" && error.cause !== undefined
  );
}

export const BUSY: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const MOST_FAILURES = 5;
/** Bytes that make a try count as one that got somewhere. */
const PROGRESS = 1024 * 1024;
