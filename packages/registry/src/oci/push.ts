import { open } from "node:fs/promises";
import { MlsignError, type OnProgress, printable, systemCode } from "@mlsign/core";
import type { BlobContent, Repository } from "@mlsign/oci";
import type { PackedModel } from "./model-manifest.ts";

export interface PushOptions {
  /** Where a file of the model lies. */
  readonly path: (name: string) => string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores a model: each file that is not there yet, then the manifest, by its digest alone. No tag
 * is set: who follows one must find the evidence too.
 *
 * @returns how many files were sent
 * @throws MlsignError `service-failed`, `service-lied`, `file-unreadable`,
 *   `file-changed-while-hashing`
 */
export async function pushModel(
  repository: Repository,
  model: PackedModel,
  { path, onProgress, signal }: PushOptions,
): Promise<number> {
  const total = model.layers.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  let sent = 0;
  const seen = new Set<string>();
  for (const { name, size, digest } of model.layers) {
    signal?.throwIfAborted();
    const onBytes = (count: number): void => {
      done += count;
      onProgress?.({ step: "pushing", done, total, unit: "bytes" });
    };
    if (seen.has(digest)) {
      onBytes(size);
      continue;
    }
    seen.add(digest);
    const content = fileContent(path(name), { name, size, digest });
    if ((await repository.putBlob(content, { onBytes, signal })) === "sent") sent += 1;
  }
  await repository.putBlob(dataContent(model.config, configDigest(model)));
  const stored = await repository.putManifest(model);
  if (stored !== model.digest) throw new TypeError("another manifest was stored");
  return sent;
}

/** Bytes that are in memory, to be stored. */
export function dataContent(data: Uint8Array, digest: string): BlobContent {
  return {
    digest,
    size: data.length,
    read: async (start, length) => data.subarray(start, start + length),
  };
}

/** A file, read piece by piece; one that changed since it was hashed is not sent to its end. */
function fileContent(
  path: string,
  { name, size, digest }: { readonly name: string; readonly size: number; readonly digest: string },
): BlobContent {
  return {
    digest,
    size,
    read: async (start, length) => {
      const changed = (): MlsignError =>
        new MlsignError(
          "file-changed-while-hashing",
          `Cannot push "${printable(name)}": it changed meanwhile`,
        );
      try {
        const handle = await open(path);
        try {
          if ((await handle.stat()).size !== size) throw changed();
          const piece = Buffer.allocUnsafe(length);
          let at = 0;
          while (at < length) {
            const { bytesRead } = await handle.read(piece, at, length - at, start + at);
            if (bytesRead === 0) throw changed();
            at += bytesRead;
          }
          return piece;
        } finally {
          await handle.close();
        }
      } catch (cause) {
        if (cause instanceof MlsignError) throw cause;
        const code = systemCode(cause) ?? String(cause);
        throw new MlsignError("file-unreadable", `Cannot read "${printable(name)}": ${code}`, {
          cause,
        });
      }
    },
  };
}

function configDigest({ body }: PackedModel): string {
  const { config } = JSON.parse(body.toString("utf8")) as { config: { digest: string } };
  return config.digest;
}
