import { type BigIntStats, type Dirent, lstatSync, readdirSync } from "node:fs";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import type { Ignores } from "./ignore.ts";
import { isCycle, type LinkTarget, resolveLink } from "./links.ts";
import { checkName } from "./names.ts";
import type { ListedFile } from "./source.ts";

export interface Walk {
  readonly root: string;
  readonly ignores: Ignores;
  readonly allowSymlinks: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A directory to look into. */
export interface Place {
  /** Absolute, links resolved. */
  readonly real: string;
  /** Name of what is in it, up to and with the last slash. */
  readonly prefix: string;
  readonly parent: Place | undefined;
  /** Left out: its files are told, not signed. */
  readonly ignored: boolean;
  /** Reached through a link. */
  readonly linked: boolean;
}

/** All files below a directory, and those that were left out. Nothing is read but names and sizes. */
export function walkTree(walk: Walk): { files: ListedFile[]; ignored: string[] } {
  const files: ListedFile[] = [];
  const ignored: string[] = [];
  const places: Place[] = [
    { real: walk.root, prefix: "", parent: undefined, ignored: false, linked: false },
  ];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    walk.signal?.throwIfAborted();
    for (const dirent of readDirectory(place)) {
      const name = place.prefix + decodeName(dirent.name, place);
      const rule = place.ignored ? "path" : walk.ignores.of(name);
      if (rule === "git") continue;
      if (rule === "path") leaveOut(dirent, name, place, { places, ignored });
      else take(dirent, name, place, { walk, places, files });
    }
    if (files.length + ignored.length > MAX_FILES) {
      throw new MlsignError(
        "limit-exceeded",
        `Cannot list the model: more than ${MAX_FILES} files`,
      );
    }
  }
  return { files, ignored };
}

function leaveOut(
  dirent: Dirent<Buffer>,
  name: string,
  place: Place,
  out: { places: Place[]; ignored: string[] },
): void {
  if (dirent.isDirectory()) out.places.push({ ...below(place, dirent, name), ignored: true });
  else if (dirent.isFile() || dirent.isSymbolicLink()) out.ignored.push(name);
}

function take(
  dirent: Dirent<Buffer>,
  name: string,
  place: Place,
  out: { walk: Walk; places: Place[]; files: ListedFile[] },
): void {
  // A part of a name from a directory holds no slash and no NUL, and is not `.` or `..`.
  if (name.includes("\\")) checkName(name);
  if (dirent.isDirectory()) {
    out.places.push(below(place, dirent, name));
    return;
  }
  const path = pathIn(place, dirent);
  const stats = lstat(path, name);
  if (!stats.isSymbolicLink()) {
    out.files.push({ ...listed(name, stats), ...(place.linked ? { real: path } : {}) });
    return;
  }
  const target = resolveLink(path, name, out.walk);
  if (target.stats.isDirectory()) out.places.push(linkedPlace(target, name, place));
  else out.files.push({ ...listed(name, target.stats), real: target.real });
}

/** @throws MlsignError `special-file` for what is neither a file nor a link. */
export function listed(name: string, stats: BigIntStats): ListedFile {
  if (!stats.isFile()) {
    throw new MlsignError(
      "special-file",
      `Cannot sign "${printable(name)}": it is ${kindOf(stats)}, wanted a regular file`,
      { hint: "remove it, or leave it out with an ignored path" },
    );
  }
  // One BigInt for all files of a device: there may be a million.
  if (device !== stats.dev) device = stats.dev;
  return { name, size: Number(stats.size), ino: stats.ino, dev: device };
}

let device: bigint | undefined;

/** @throws MlsignError `file-unreadable` */
export function lstat(path: string, name: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    throw unreadable(name, error);
  }
}

export function unreadable(name: string, cause: unknown): MlsignError {
  const code = systemCode(cause) ?? String(cause);
  return new MlsignError("file-unreadable", `Cannot list "${printable(name)}": ${code}`, { cause });
}

function linkedPlace(target: LinkTarget, name: string, parent: Place): Place {
  if (isCycle(target.real, parent)) {
    throw new MlsignError(
      "symlink-escape",
      `Cannot follow the link "${printable(name)}": it leads to a directory that it is in`,
    );
  }
  return { real: target.real, prefix: `${name}/`, parent, ignored: false, linked: true };
}

function below(parent: Place, dirent: Dirent<Buffer>, name: string): Place {
  return { ...parent, real: pathIn(parent, dirent), prefix: `${name}/`, parent };
}

function pathIn(place: Place, dirent: Dirent<Buffer>): string {
  return `${place.real}/${dirent.name.toString("utf8")}`;
}

function readDirectory(place: Place): Dirent<Buffer>[] {
  try {
    return readdirSync(place.real, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    throw unreadable(place.prefix || ".", error);
  }
}

/** Names come as bytes: a name that is not UTF-8 would otherwise turn into another name. */
function decodeName(bytes: Buffer, place: Place): string {
  const name = bytes.toString("utf8");
  if (!name.includes("\ufffd") || Buffer.from(name).equals(bytes)) return name;
  if (place.ignored) return name;
  throw new MlsignError(
    "name-invalid",
    `Cannot sign "${printable(place.prefix + name)}": its name is not UTF-8`,
    { hint: "rename the file, or ignore the directory that it is in" },
  );
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  if (stats.isDirectory()) return "a directory";
  return "a device";
}

const MAX_FILES = 1_000_000;
