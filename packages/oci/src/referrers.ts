import { isRecord, type JsonObject, MlsignError, parseJson } from "@mlsign/core";
import { type Descriptor, readDescriptor } from "./descriptor.ts";
import type { Reply } from "./exchange.ts";
import { OCI_INDEX, putManifest, readManifest } from "./manifests.ts";
import type { Session } from "./session.ts";

/**
 * What refers to a manifest, page by page, or as the fallback tag has it where the registry knows
 * no referrers (distribution specification, listing referrers). All of it is what strangers wrote:
 * descriptors lead to manifests, which are believed by their digests alone.
 *
 * @throws MlsignError `service-failed`, `service-lied`, `limit-exceeded`
 */
export async function listReferrers(
  session: Session,
  digest: string,
  artifactType: string,
): Promise<Descriptor[]> {
  const listed = await fromApi(session, digest, artifactType);
  const all = listed ?? readIndex((await fallbackIndex(session, digest))?.index);
  // A filter may be ignored, and the fallback has none.
  return all.filter((descriptor) => descriptor.artifactType === artifactType);
}

/**
 * Stores a manifest that has a `subject`, so that those who look for referrers find it: where the
 * registry does not say that it minds the subject, the fallback tag is written here.
 *
 * @returns the manifest's digest
 * @throws MlsignError `service-failed`, `service-lied`, `limit-exceeded`
 */
export async function putReferrer(
  session: Session,
  subject: string,
  referrer: { readonly descriptor: Descriptor; readonly body: Uint8Array },
): Promise<string> {
  const { descriptor, body } = referrer;
  const put = await putManifest(session, { mediaType: descriptor.mediaType, body });
  if (put === "changed") throw session.lied("a condition that was not set did not hold");
  // There are registries that answer so and then know no referrers.
  if (put.subject !== subject || !(await knowsReferrers(session, subject)))
    await addToFallback(session, subject, descriptor);
  return put.digest;
}

/** The tag under which referrers are listed where a registry does not list them. */
function fallbackTag(digest: string): string {
  return digest.replace(":", "-").slice(0, 128);
}

/** `undefined` where there is no such interface. */
async function fromApi(
  session: Session,
  digest: string,
  artifactType: string,
): Promise<Descriptor[] | undefined> {
  const first = session.at(`referrers/${digest}`);
  first.searchParams.set("artifactType", artifactType);
  const found: Descriptor[] = [];
  const seen = new Set<string>();
  for (let page: URL | undefined = first; page !== undefined;) {
    if (seen.has(page.href)) throw session.lied("its list of referrers goes round in a circle");
    seen.add(page.href);
    if (seen.size > MOST_PAGES) throw tooMany(`more than ${MOST_PAGES} pages`);
    const reply: Reply = await session.send(page, { method: "GET", headers: ACCEPT_INDEX });
    const body = await reply.bytes(MOST_BYTES);
    if (reply.status === 404 && page === first) return undefined;
    if (reply.status !== 200) throw session.refused("list referrers", reply);
    found.push(...readIndex(parse(session, body)));
    if (found.length > MOST_REFERRERS) throw tooMany(`more than ${MOST_REFERRERS}`);
    page = nextPage(session, reply, first);
  }
  return found;
}

/** The page that a `Link` names: of the same list, or none. */
function nextPage(session: Session, reply: Reply, first: URL): URL | undefined {
  const link = reply.headers.get("link");
  if (link === null) return undefined;
  const target = /<([^<>]{1,4096})>\s*;\s*rel="?next"?/i.exec(link)?.[1];
  if (target === undefined) return undefined;
  const url = URL.canParse(target, reply.url) ? new URL(target, reply.url) : undefined;
  if (url?.origin === first.origin && url.pathname === first.pathname) return url;
  throw session.lied("its list of referrers goes on elsewhere");
}

async function knowsReferrers(session: Session, digest: string): Promise<boolean> {
  const url = session.at(`referrers/${digest}`);
  const reply = await session.send(url, { method: "GET", headers: ACCEPT_INDEX });
  await reply.drop();
  if (reply.status === 200) return true;
  if (reply.status === 404) return false;
  throw session.refused("list referrers", reply);
}

async function fallbackIndex(
  session: Session,
  digest: string,
): Promise<{ readonly index: JsonObject; readonly etag: string | undefined } | undefined> {
  const stored = await readManifest(session, fallbackTag(digest));
  if (stored === undefined) return undefined;
  const index = parse(session, stored.body);
  if (!Array.isArray(index.manifests)) throw session.failed("its fallback tag holds no index");
  return { index, etag: stored.etag };
}

/** Two writers may meet: what was written is read again, and written again where it is gone. */
async function addToFallback(
  session: Session,
  subject: string,
  descriptor: Descriptor,
): Promise<void> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const found = await fallbackIndex(session, subject);
    const manifests = (found?.index.manifests ?? []) as readonly JsonObject[];
    if (manifests.some(({ digest }) => digest === descriptor.digest)) return;
    if (manifests.length >= MOST_REFERRERS) throw tooMany(`more than ${MOST_REFERRERS}`);
    const index = {
      ...(found?.index ?? { schemaVersion: 2, mediaType: OCI_INDEX }),
      manifests: [...manifests, descriptor],
    };
    const body = Buffer.from(JSON.stringify(index));
    if (body.length > MOST_BYTES) throw tooMany(`more than ${MOST_BYTES} bytes`);
    const put = await putManifest(
      session,
      { mediaType: OCI_INDEX, body },
      { tag: fallbackTag(subject), ifMatch: found?.etag, ifNew: found === undefined },
    );
    if (put === "changed") await session.pause(tries);
  }
  const last = await fallbackIndex(session, subject);
  const manifests = (last?.index.manifests ?? []) as readonly JsonObject[];
  if (!manifests.some(({ digest }) => digest === descriptor.digest))
    throw session.failed("others write its fallback tag at the same time");
}

function readIndex(index: JsonObject | undefined): Descriptor[] {
  const { manifests } = index ?? {};
  if (!Array.isArray(manifests)) return [];
  return manifests.flatMap((value) => readDescriptor(value) ?? []);
}

function parse(session: Session, body: Buffer): JsonObject {
  let json;
  try {
    json = parseJson(body);
  } catch {
    throw session.lied("its list of referrers is not strict JSON");
  }
  if (isRecord(json) && Array.isArray(json.manifests)) return json as JsonObject;
  throw session.lied("its list of referrers is no index");
}

function tooMany(why: string): MlsignError {
  return new MlsignError("limit-exceeded", `Cannot list what refers to the model: ${why}`);
}

const ACCEPT_INDEX = { accept: OCI_INDEX };
const MOST_PAGES = 100;
const MOST_REFERRERS = 5_000;
const MOST_TRIES = 5;
const MOST_BYTES = 4 * 1024 * 1024;
