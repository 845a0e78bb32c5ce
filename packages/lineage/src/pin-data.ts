import { posix } from "node:path";
import { messageOf, MlsignError, printable } from "@mlsign/core";
import { type DirEntry, type DvcOut, parseDirObject, remoteKey } from "@mlsign/dvc";
import { inParallel, keyBelow, type ObjectFacts, type ObjectStore } from "@mlsign/objects";
import type { Pin, Pins } from "./facts.ts";

/** A bucket that DVC keeps data in, and whoever asks it. */
export interface DataRemote {
  /** In DVC's configuration; `undefined` where its address was given instead. */
  readonly name: string | undefined;
  /** Its address, as `s3://BUCKET/PREFIX`. */
  readonly url: string;
  readonly bucket: string;
  readonly prefix: string;
  /** Objects lie under the data's own names, and DVC's files tell their versions. */
  readonly versionAware: boolean;
  readonly store: ObjectStore;
}

/**
 * The versions of the remote's objects that hold an output: the file, or DVC's list of a directory
 * and every member. An object that is not as DVC's hash says, or that keeps no versions, is named
 * in `missing`, and is not pinned.
 *
 * @throws MlsignError of the store where it fails altogether
 */
export async function pinData(
  remote: DataRemote,
  { path, out }: { readonly path: string; readonly out: DvcOut },
  missing: string[],
): Promise<Pins | undefined> {
  const shown = printable(path);
  if (out.remote !== undefined && remote.name !== undefined && out.remote !== remote.name) {
    missing.push(`"${shown}" is kept in the remote ${printable(out.remote)}: it is not pinned`);
    return undefined;
  }
  let wanted;
  try {
    wanted = await objectsOf(remote, path, out);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    missing.push(`the objects of "${shown}" are not pinned: ${messageOf(error)}`);
    return undefined;
  }
  if (wanted.length > MOST_OBJECTS) {
    missing.push(
      `the objects of "${shown}" are not pinned: ${wanted.length} are more than ${MOST_OBJECTS}`,
    );
    return undefined;
  }
  const pins = new Map<string, Pin>();
  const faults = new Map<string, string[]>();
  await inParallel(wanted, AT_ONCE, async (object) => {
    const { bucket } = remote;
    const { key, versionId } = object;
    const pin = pinOf(object, await remote.store.object({ bucket, key, versionId }, []));
    if (typeof pin !== "string") pins.set(key, pin);
    else if (!faults.get(pin)?.push(key)) faults.set(pin, [key]);
  });
  for (const [why, keys] of [...faults].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    missing.push(`"${shown}" in the remote: ${some(keys)} ${why}`);
  const objects = wanted.flatMap(({ key }) => pins.get(key) ?? []);
  return objects.length === 0 ? undefined : { remote: remote.url, objects };
}

interface WantedObject {
  readonly key: string;
  readonly versionId?: string | undefined;
  /** In hex, where DVC's hash is that of the object's own bytes. */
  readonly md5: string | undefined;
  readonly size: number | undefined;
}

async function objectsOf(remote: DataRemote, path: string, out: DvcOut): Promise<WantedObject[]> {
  if (remote.versionAware) return versionedObjects(remote, path, out);
  const { oid, algorithm } = out;
  if (oid === undefined) return [];
  const object = (id: string, size?: number): WantedObject => ({
    key: keyBelow(remote.prefix, remoteKey(id, algorithm)),
    md5: algorithm === "md5" || id.endsWith(".dir") ? id.replace(/\.dir$/, "") : undefined,
    size,
  });
  if (!oid.endsWith(".dir")) return [object(oid, out.size)];
  const list = object(oid);
  const entries = parseDirObject(
    await remote.store.read({ bucket: remote.bucket, key: list.key }, MOST_LIST_BYTES),
    oid,
  );
  return [list, ...[...new Set(entries.map(({ md5 }) => md5))].map((md5) => object(md5))];
}

/** DVC lays them out as the work tree is, and says in its file which version it wrote. */
function versionedObjects(remote: DataRemote, path: string, out: DvcOut): WantedObject[] {
  const base = keyBelow(remote.prefix, posix.normalize(path));
  const md5Of = ({ md5 }: DirEntry): string | undefined =>
    out.algorithm === "md5" ? md5 : undefined;
  const found =
    out.files?.map((file) => ({
      key: keyBelow(base, file.relpath),
      versionId: file.versionId,
      md5: md5Of(file),
      size: file.size,
    })) ??
    (out.versionId === undefined
      ? []
      : [{ key: base, versionId: out.versionId, md5: out.oid, size: out.size }]);
  if (found.length === 0 || found.some(({ versionId }) => versionId === undefined)) {
    throw new MlsignError("dvc-invalid", "DVC's file tells no version of it", {
      hint: "push it with dvc push",
    });
  }
  return found;
}

/** The pin, or why there is none. */
function pinOf(wanted: WantedObject, { head }: ObjectFacts): Pin | string {
  if (head.kind === "none") return "not there";
  if (head.kind === "denied") return "hidden from this caller";
  if (head.kind !== "value") return "not answered for";
  const { versionId, size, md5, checksums } = head.value;
  if (wanted.size !== undefined && wanted.size !== size) return "of another size than DVC recorded";
  if (wanted.md5 !== undefined && md5 !== undefined && wanted.md5 !== md5)
    return "of other content than DVC recorded";
  if (versionId === undefined || versionId === "null") return "without a version";
  const whole = checksums.flatMap((it): [string, string][] =>
    it.whole ? [[it.algorithm, it.value]] : [],
  );
  return {
    key: wanted.key,
    versionId,
    size,
    checksums: {
      ...Object.fromEntries(whole.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...(md5 !== undefined && { MD5: md5 }),
    },
  };
}

function some(keys: readonly string[]): string {
  const sorted = keys.toSorted();
  const named = sorted.slice(0, MOST_NAMED).map(printable).join(", ");
  const more = sorted.length - MOST_NAMED;
  return `${named}${more > 0 ? ` and ${more} more` : ""} ${sorted.length === 1 ? "is" : "are"}`;
}

export const AT_ONCE = 16;
const MOST_NAMED = 3;
/** Of one data set in one claim, which then stays well below what readers take. */
const MOST_OBJECTS = 20_000;
const MOST_LIST_BYTES = 64 * 1024 * 1024;
