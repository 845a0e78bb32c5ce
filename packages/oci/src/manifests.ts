import { isRecord, parseJson } from "@mlsign/core";
import { digestOf, hashFor, isDigest } from "./descriptor.ts";
import { manifestFault } from "./manifest-form.ts";
import type { Session } from "./session.ts";

/** A manifest as its registry gave it: by digest it is believed, by tag it is what stood there. */
export interface StoredManifest {
  readonly digest: string;
  /** As the registry says. */
  readonly mediaType: string;
  readonly body: Buffer;
  readonly etag: string | undefined;
}

/**
 * The manifest under a digest or a tag, `undefined` where the registry says in its own words that
 * there is none.
 *
 * @throws MlsignError `service-failed`, `service-lied`
 */
export async function readManifest(
  session: Session,
  reference: string,
): Promise<StoredManifest | undefined> {
  const reply = await session.send(session.at(`manifests/${reference}`), {
    method: "GET",
    headers: { accept: ACCEPT },
  });
  const body = await reply.bytes(MOST_BYTES);
  if (reply.status === 404 && saysUnknown(body)) return undefined;
  if (reply.status === 404)
    throw session.failed("it answered 404, and not as a registry that has no such manifest");
  if (reply.status !== 200) throw session.refused("read a manifest", reply);
  const named = isDigest(reference) ? reference : undefined;
  if (named !== undefined && !named.endsWith(`:${hashFor(named).update(body).digest("hex")}`))
    throw session.lied("other bytes than the digest names");
  const fault = manifestFault(body);
  if (fault !== undefined) throw session.lied(`what it has is no manifest: ${fault}`);
  return {
    digest: named ?? digestOf(body),
    mediaType: reply.headers.get("content-type") ?? "",
    body,
    etag: reply.headers.get("etag") ?? undefined,
  };
}

export interface PutOptions {
  /** Stored under this tag; else under its digest. */
  readonly tag?: string | undefined;
  /** Only where what is there has this `ETag`. */
  readonly ifMatch?: string | undefined;
  /** Only where nothing is there. */
  readonly ifNew?: boolean;
}

/**
 * Stores a manifest.
 *
 * @returns `changed` where the condition no longer held
 * @throws MlsignError `service-failed`, `service-lied` where it stored something else
 */
export async function putManifest(
  session: Session,
  manifest: { readonly mediaType: string; readonly body: Uint8Array },
  { tag, ifMatch, ifNew = false }: PutOptions = {},
): Promise<{ readonly digest: string; readonly subject: string | undefined } | "changed"> {
  const digest = digestOf(manifest.body);
  const reply = await session.send(session.at(`manifests/${tag ?? digest}`), {
    method: "PUT",
    headers: {
      "content-type": manifest.mediaType,
      ...(ifMatch !== undefined && { "if-match": ifMatch }),
      ...(ifNew && { "if-none-match": "*" }),
    },
    body: manifest.body,
  });
  await reply.drop();
  if (reply.status === 412 && (ifNew || ifMatch !== undefined)) return "changed";
  if (reply.status !== 201) throw session.refused("store a manifest", reply);
  const stored = reply.headers.get("docker-content-digest");
  if (stored !== null && stored !== digest)
    throw session.lied(`it stored ${stored.slice(0, 200)}, and ${digest} was sent`);
  return { digest, subject: reply.headers.get("oci-subject") ?? undefined };
}

/** A proxy or a web server that knows nothing of registries answers 404 as well. */
function saysUnknown(body: Buffer): boolean {
  try {
    const json = parseJson(body);
    const errors = isRecord(json) ? json.errors : undefined;
    return (
      Array.isArray(errors) &&
      errors.some((error) => isRecord(error) && UNKNOWN.has(String(error.code as string)))
    );
  } catch {
    return false;
  }
}

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const ACCEPT = [
  OCI_INDEX,
  OCI_MANIFEST,
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const UNKNOWN = new Set(["MANIFEST_UNKNOWN", "NAME_UNKNOWN"]);
/** Manifests are limited to 4 MiB (OCI distribution specification). */
const MOST_BYTES = 4 * 1024 * 1024;
