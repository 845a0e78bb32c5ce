import { MlsignError } from "@mlsign/core";
import { BUSY } from "./download.ts";
import type { Reply } from "./exchange.ts";
import type { Session } from "./session.ts";

/** Bytes that can be read again from any place: what a broken connection needs. */
export interface BlobContent {
  readonly digest: string;
  readonly size: number;
  /** Exactly these bytes; at most a piece of a few MiB is asked for. */
  read(start: number, length: number): Promise<Uint8Array>;
}

export interface UploadOptions {
  /** Bytes of each piece of a large blob; one is held in memory at a time. */
  readonly pieceBytes?: number;
  readonly onBytes?: (count: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts a blob where it is not there yet: small ones at once, large ones piece by piece, taken up at
 * the byte that the registry says it has where a connection broke.
 *
 * @returns whether anything was sent
 * @throws MlsignError `service-failed`, `service-lied`
 */
export async function uploadBlob(
  session: Session,
  content: BlobContent,
  options: UploadOptions = {},
): Promise<"sent" | "present"> {
  if (await hasBlob(session, content.digest)) {
    options.onBytes?.(content.size);
    return "present";
  }
  const upload = new Upload(session, content, options);
  for (let failures = 0; ;) {
    const before = upload.furthest;
    try {
      await upload.go();
      return "sent";
    } catch (error) {
      if (!isPassing(error)) throw error;
      failures = upload.furthest > before ? 1 : failures + 1;
      if (failures > MOST_FAILURES) throw error;
      await session.pause(failures);
    }
  }
}

/** Whether the registry has a blob. @throws MlsignError `service-failed` where it does not say */
async function hasBlob(session: Session, digest: string): Promise<boolean> {
  const reply = await session.send(session.at(`blobs/${digest}`), { method: "HEAD" });
  await reply.drop();
  if (reply.status === 200 || (reply.status >= 300 && reply.status < 400)) return true;
  if (reply.status === 404) return false;
  throw session.refused(`look for ${digest}`, reply);
}

/** One blob on its way; `go` can be called again after a connection broke. */
class Upload {
  readonly #session: Session;
  readonly #content: BlobContent;
  readonly #options: UploadOptions;
  /** Where the next request of this upload goes, once the registry gave a place. */
  #place: URL | undefined;
  #at = 0;
  furthest = 0;

  constructor(session: Session, content: BlobContent, options: UploadOptions) {
    this.#session = session;
    this.#content = content;
    this.#options = options;
  }

  async go(): Promise<void> {
    const { size } = this.#content;
    const again = this.#place !== undefined;
    if (again && !(await this.#ask())) this.#place = undefined;
    const first = this.#place === undefined ? await this.#begin() : undefined;
    const piece = Math.max(this.#options.pieceBytes ?? PIECE_BYTES, first?.least ?? 0);
    if (size <= piece && this.#at === 0) return this.#finish(await this.#content.read(0, size));
    while (this.#at < size) {
      this.#options.signal?.throwIfAborted();
      await this.#patch(Math.min(piece, size - this.#at));
    }
    return this.#finish(undefined);
  }

  async #begin(): Promise<{ readonly least: number }> {
    const reply = await this.#send(this.#session.at("blobs/uploads/"), "POST");
    if (reply.status !== 202) throw this.#refused("begin an upload", reply);
    this.#place = this.#session.leadsTo(reply);
    this.#at = 0;
    const least = Number(reply.headers.get("oci-chunk-min-length") ?? 0);
    if (!(least <= MOST_PIECE_BYTES)) throw this.#session.failed("it wants larger pieces than fit");
    return { least };
  }

  async #patch(length: number): Promise<void> {
    const start = this.#at;
    const body = await this.#content.read(start, length);
    const reply = await this.#send(this.#here(), "PATCH", body, {
      "content-type": "application/octet-stream",
      "content-range": `${start}-${start + length - 1}`,
    });
    if (reply.status !== 202) throw this.#refused("upload", reply);
    this.#place = this.#session.leadsTo(reply);
    this.#reach(endOf(reply) ?? start + length, start + length);
  }

  /** How far the upload came, as the registry has it; `false` where it knows nothing of it. */
  async #ask(): Promise<boolean> {
    const reply = await this.#send(this.#here(), "GET");
    // 404 by the specification; others say 400 of an upload that they do not know.
    if (FORGOTTEN.has(reply.status)) return false;
    if (reply.status !== 204) throw this.#refused("ask for the state of an upload", reply);
    if (reply.headers.has("location")) this.#place = this.#session.leadsTo(reply);
    this.#reach(endOf(reply) ?? 0, this.#content.size);
    return true;
  }

  async #finish(body: Uint8Array | undefined): Promise<void> {
    const { digest, size } = this.#content;
    // Appended as text: what the registry put in the query comes back as it was.
    const url = new URL(this.#here());
    url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
    const headers = { "content-type": "application/octet-stream" };
    const reply = await this.#send(url, "PUT", body ?? new Uint8Array(), headers);
    if (reply.status !== 201) throw this.#refused("finish an upload", reply);
    const stored = reply.headers.get("docker-content-digest");
    if (stored !== null && stored !== digest)
      throw this.#session.lied(`it stored ${stored.slice(0, 200)}, and ${digest} was sent`);
    this.#reach(size, size);
  }

  /** @param most what was sent: a registry cannot have more */
  #reach(at: number, most: number): void {
    if (at > most) throw this.#session.lied("it has more bytes than were sent");
    this.#at = at;
    if (at > this.furthest) {
      this.#options.onBytes?.(at - this.furthest);
      this.furthest = at;
    }
  }

  #here(): URL {
    if (this.#place === undefined) throw new Error("The upload has not begun");
    return this.#place;
  }

  async #send(
    url: URL,
    method: "GET" | "POST" | "PUT" | "PATCH",
    body?: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    const reply = await this.#session.send(url, {
      method,
      ...(body && { body }),
      ...(headers && { headers }),
    });
    await reply.drop();
    return reply;
  }

  #refused(what: string, reply: Reply): Error {
    // 416: pieces out of order; where it stands is asked for before the next try.
    if (BUSY.has(reply.status) || reply.status === 416)
      return new MlsignError(
        "service-failed",
        `Cannot ${what} at ${this.#session.registry}: it answered ${reply.status}`,
        { cause: new Error("a try later may work") },
      );
    return this.#session.refused(what, reply);
  }
}

/** The bytes that are there by an answer's `Range: 0-<last>`. */
function endOf(reply: Reply): number | undefined {
  const range = /^(?:bytes=)?0-(\d+)$/.exec(reply.headers.get("range") ?? "");
  if (range === null) return undefined;
  const last = Number(range[1]);
  // Nothing yet is written as 0-0, since there is no other way to say it.
  return last === 0 ? 0 : last + 1;
}

/** A connection that broke, or a server that is busy; what it said in full is final. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof MlsignError && error.code === "service-failed" && error.cause !== undefined
  );
}

const FORGOTTEN: ReadonlySet<number> = new Set([400, 404, 405, 410]);
const PIECE_BYTES = 8 * 1024 * 1024;
const MOST_PIECE_BYTES = 64 * 1024 * 1024;
const MOST_FAILURES = 6;
