import type { Descriptor } from "./descriptor.ts";
import { downloadBlob, readBlob } from "./download.ts";
import { putManifest, readManifest, type StoredManifest } from "./manifests.ts";
import type { Reference } from "./reference.ts";
import { listReferrers, putReferrer } from "./referrers.ts";
import type { RegistryOptions } from "./registry.ts";
import { Session } from "./session.ts";
import { type BlobContent, uploadBlob, type UploadOptions } from "./upload.ts";

/** One repository of one registry; each function says what it throws. */
export interface Repository {
  readonly registry: string;
  readonly name: string;
  manifest(reference: string): Promise<StoredManifest | undefined>;
  /** @returns the digest of what was stored */
  putManifest(
    manifest: { readonly mediaType: string; readonly body: Uint8Array },
    tag?: string,
  ): Promise<string>;
  /** The bytes of a blob, checked as they come: all of them are right once the end is reached. */
  blob(descriptor: Pick<Descriptor, "digest" | "size">): AsyncIterable<Uint8Array>;
  readBlob(descriptor: Pick<Descriptor, "digest" | "size">, most: number): Promise<Buffer>;
  putBlob(content: BlobContent, options?: UploadOptions): Promise<"sent" | "present">;
  referrers(digest: string, artifactType: string): Promise<readonly Descriptor[]>;
  putReferrer(
    subject: string,
    referrer: { readonly descriptor: Descriptor; readonly body: Uint8Array },
  ): Promise<string>;
}

/** A repository as one user; nothing is asked before it is needed. */
export function openRepository(reference: Reference, options: RegistryOptions = {}): Repository {
  const session = new Session(reference, options);
  return {
    registry: session.registry,
    name: session.repository,
    manifest: (of) => readManifest(session, of),
    putManifest: async (manifest, tag) => {
      const put = await putManifest(session, manifest, { tag });
      if (put === "changed") throw session.lied("a condition that was not set did not hold");
      return put.digest;
    },
    blob: (descriptor) => downloadBlob(session, descriptor),
    readBlob: (descriptor, most) => readBlob(session, descriptor, most),
    putBlob: (content, how) => uploadBlob(session, content, how),
    referrers: (digest, artifactType) => listReferrers(session, digest, artifactType),
    putReferrer: (subject, referrer) => putReferrer(session, subject, referrer),
  };
}
