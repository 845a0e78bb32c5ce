import { MlsignError, printable } from "@mlsign/core";
import { keyBelow, type ObjectName, type ObjectStore, type StorageLocation } from "@mlsign/objects";
import type { RemoteFile } from "../folder.ts";

/** A model in a bucket: one object, or all below a prefix; and what lies beside it. */
export interface ObjectFolder {
  /** The address, for messages. */
  readonly where: string;
  /** The object itself, where the prefix names one. */
  single(): Promise<RemoteFile | undefined>;
  list(): Promise<readonly RemoteFile[]>;
  read(file: RemoteFile): Promise<AsyncIterable<Uint8Array>>;
  /** A small object under an exact key; `undefined` where there is none. */
  small(key: string, most: number): Promise<Buffer | undefined>;
}

export interface ObjectFolderOptions {
  /** Before the first retry of a broken download; it doubles. */
  readonly retryDelayMs?: number;
}

/**
 * Reads a bucket as it is when it is listed: of each key the version that it meant then, where the
 * store keeps versions, so that what is hashed is what was listed. What a broken connection left
 * out is fetched from where it broke.
 */
export function objectFolder(
  store: ObjectStore,
  { scheme, bucket, prefix }: StorageLocation,
  options: ObjectFolderOptions = {},
): ObjectFolder {
  const where = `${scheme === "azure" ? "az" : scheme}://${bucket}/${prefix}`;
  const listed = new Map<RemoteFile, ObjectName>();
  const take = async (keys: string, nameOf: (key: string) => string | undefined) => {
    const files: RemoteFile[] = [];
    for await (const { key, size, versions } of store.list(bucket, keys)) {
      const name = nameOf(key);
      const latest = versions?.find(({ isLatest }) => isLatest);
      if (name === undefined || (versions !== undefined && latest === undefined)) continue;
      if (latest?.isMarker === true) continue;
      if (files.length >= MOST_FILES) throw tooMany();
      const version = latest?.versionId;
      const file = { name, size: latest?.size ?? size };
      // "null" is what stores without versions call the only one.
      listed.set(file, { bucket, key, versionId: version === "null" ? undefined : version });
      files.push(file);
    }
    return files;
  };
  return {
    where,
    single: async () => {
      if (prefix === "" || prefix.endsWith("/")) return undefined;
      const [file] = await take(prefix, (key) => (key === prefix ? baseOf(prefix) : undefined));
      return file;
    },
    list: async () => {
      const start = prefix === "" ? "" : keyBelow(prefix, "");
      return take(start, (key) => {
        const name = key.slice(start.length);
        // The mark that consoles make for an empty folder.
        return !key.startsWith(start) || name === "" || name.endsWith("/") ? undefined : name;
      });
    },
    read: async (file) => {
      const name = listed.get(file);
      if (name === undefined) throw new TypeError(`not listed: ${file.name}`);
      return whole(store, name, file.size, options.retryDelayMs ?? 200);
    },
    small: async (key, most) => {
      try {
        return Buffer.from(await store.read({ bucket, key }, most));
      } catch (error) {
        if (error instanceof MlsignError && error.code === "storage-object-missing")
          return undefined;
        throw error;
      }
    },
  };
}

async function* whole(
  store: ObjectStore,
  name: ObjectName,
  size: number,
  delayMs: number,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  let failures = 0;
  while (done < size) {
    const start = done;
    try {
      for await (const piece of store.stream(name, start)) {
        done += piece.length;
        yield piece;
        // More than was listed is for whoever counts to refuse, not for us to take up again.
        if (done > size) return;
      }
      if (done === size) return;
      // It ended before its end, which is no error to an SDK.
      failures = done - start >= PROGRESS ? 1 : failures + 1;
      if (failures > MOST_FAILURES) return;
    } catch (error) {
      if (!(error instanceof MlsignError) || error.code !== "service-failed") throw error;
      failures = done - start >= PROGRESS ? 1 : failures + 1;
      if (failures > MOST_FAILURES) throw error;
    }
    await new Promise((next) => setTimeout(next, delayMs * 2 ** (failures - 1)));
  }
}

function baseOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

function tooMany(): MlsignError {
  const what = `Cannot take the model: more than ${MOST_FILES} objects`;
  return new MlsignError("limit-exceeded", printable(what));
}

const MOST_FILES = 100_000;
const MOST_FAILURES = 5;
const PROGRESS = 1024 * 1024;
