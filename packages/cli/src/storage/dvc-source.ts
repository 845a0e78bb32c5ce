import { readFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve, sep } from "node:path";
import { type Finding, finding, messageOf, MlsignError, printable } from "@mlsign/core";
import {
  type DvcOut,
  type DvcRemote,
  parseDirObject,
  parseDvcConfig,
  parseDvcFile,
  parseDvcLock,
  remoteKey,
} from "@mlsign/dvc";
import { readBounded } from "@mlsign/files";
import { keyBelow, type ObjectStore, parseLocation } from "@mlsign/objects";
import type { Target } from "@mlsign/storage";
import type { Host } from "../host.ts";
import type { Source, Targets } from "./source.ts";

export interface DvcFlags {
  readonly remote?: string;
  readonly endpoint?: string;
}

/** The objects of DVC's remote that hold the outputs of `.dvc` files and `dvc.lock` files. */
export function dvcSource(paths: readonly string[], flags: DvcFlags, host: Host): Source {
  const files = paths.map((path) => resolve(host.cwd, path));
  const root = rootOf(dirname(files[0] ?? host.cwd));
  const remote = remoteOf(root, flags);
  const location = parseLocation(remote.url);
  const outs = files.flatMap((file) => outsOf(file, root));
  return {
    url: remote.url.replace(/\/+$/, ""),
    location,
    exact: false,
    targets: async (store) => targetsOf(outs, { remote, ...location, store }),
  };
}

/** An output, where it lies below DVC's root, and the file that names it. */
interface NamedOut {
  readonly out: DvcOut;
  readonly path: string;
  readonly source: string;
}

/** As DVC looks for it: upwards, the first folder that it was set up in. */
function rootOf(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (readBounded(join(folder, ".dvc", "config"), MOST_CONFIG_BYTES) !== undefined) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new MlsignError(
    "usage",
    `Cannot find DVC's repository: no .dvc/config above ${printable(from)}`,
  );
}

/** @throws MlsignError `usage` where there is no such remote, or it asks for an endpoint of its own */
function remoteOf(root: string, { remote: named, endpoint }: DvcFlags): DvcRemote {
  if (named?.includes("://") === true)
    return { name: named, url: named, versionAware: false, endpointUrl: undefined };
  const text = readBounded(join(root, ".dvc", "config"), MOST_CONFIG_BYTES)?.toString("utf8") ?? "";
  const { remotes, defaultRemote } = parseDvcConfig(text, ".dvc/config");
  const name = named ?? defaultRemote;
  const found = remotes.find((remote) => remote.name === name);
  if (found === undefined) {
    const names = remotes.map((remote) => printable(remote.name)).join(", ");
    throw new MlsignError(
      "usage",
      name === undefined
        ? "Cannot choose a remote: DVC's configuration has no default"
        : `Cannot find remote ${printable(name)} in .dvc/config`,
      { hint: names === "" ? "there is no remote" : `give --remote: there is ${names}` },
    );
  }
  // Requests carry the caller's credentials, and a pull request can change the configuration.
  if (found.endpointUrl !== undefined && endpoint === undefined) {
    throw new MlsignError(
      "usage",
      `Cannot ask the remote ${printable(found.name)}: the repository names a server of its own`,
      { hint: `if your credentials may go there, give --endpoint ${printable(found.endpointUrl)}` },
    );
  }
  return found;
}

function outsOf(file: string, root: string): NamedOut[] {
  const shown = relative(root, file).split(sep).join("/");
  const text = readText(file, shown);
  const folder = posix.dirname(shown);
  if (basename(file) === "dvc.lock") {
    const pipeline = readBounded(join(dirname(file), "dvc.yaml"), MOST_FILE_BYTES);
    return parseDvcLock(text, shown, pipeline?.toString("utf8")).flatMap(({ name, wdir, outs }) =>
      outs.map((out, at) => ({
        out,
        path: posix.join(folder, wdir ?? ".", out.path),
        source: `${shown}#${name}.outs[${at}]`,
      })),
    );
  }
  const { wdir, outs } = parseDvcFile(text, shown);
  return outs.map((out, at) => ({
    out,
    path: posix.join(folder, wdir ?? ".", out.path),
    source: `${shown}#outs[${at}]`,
  }));
}

function readText(file: string, shown: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new MlsignError("usage", `Cannot read ${printable(shown)}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

interface Remote {
  readonly remote: DvcRemote;
  readonly bucket: string;
  readonly prefix: string;
  readonly store: ObjectStore;
}

async function targetsOf(outs: readonly NamedOut[], remote: Remote): Promise<Targets> {
  const targets = new Map<string, Target>();
  const findings: Finding[] = [];
  for (const named of outs) {
    const { out, path, source } = named;
    const absent = (why: string, fix: string): void =>
      void findings.push(
        finding("storage-resolved", "fail", `"${printable(path)}" has no object: ${why}`, {
          subject: source,
          fix,
        }),
      );
    if (out.notPushed === true) {
      absent("DVC is told not to cache or push it", "push it, or leave it out of the model");
      continue;
    }
    if (out.remote !== undefined && out.remote !== remote.remote.name) {
      absent(`it is kept in the remote ${printable(out.remote)}`, `give --remote ${out.remote}`);
      continue;
    }
    const found = remote.remote.versionAware
      ? versioned(named, remote)
      : await addressed(named, remote, findings);
    if (found.length === 0) absent("DVC recorded no version of it", "dvc push");
    for (const target of found) targets.set(target.key, target);
  }
  return { targets: [...targets.values()], findings };
}

/** Content-addressed: the file, or the list of a directory and every member. */
async function addressed(
  { out, path, source }: NamedOut,
  { bucket, prefix, store }: Remote,
  findings: Finding[],
): Promise<Target[]> {
  const { oid, algorithm } = out;
  if (oid === undefined) return [];
  const target = (id: string, size?: number): Target => {
    const isList = id.endsWith(".dir");
    // DVC 2 hashed text with its line ends changed: its name is no digest of the bytes.
    const md5 = algorithm === "md5" || isList ? id.replace(/\.dir$/, "") : undefined;
    return { key: keyBelow(prefix, remoteKey(id, algorithm)), expected: { md5, size, source } };
  };
  if (!oid.endsWith(".dir")) return [target(oid, out.size)];
  const list = target(oid);
  try {
    const content = await store.read({ bucket, key: list.key }, MOST_LIST_BYTES);
    const members = new Set(parseDirObject(content, oid).map(({ md5 }) => md5));
    return [list, ...[...members].map((md5) => target(md5))];
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    const tampered = error.code === "dvc-invalid" || error.code === "storage-object-missing";
    findings.push(
      finding(
        "storage-resolved",
        tampered ? "fail" : "unknown",
        `the members of "${printable(path)}" are not known: ${messageOf(error)}`,
        { subject: source, fix: "dvc push the directory again, from a copy that is right" },
      ),
    );
    return [list];
  }
}

/** Laid out as the work tree is, with the version that DVC wrote in its file. */
function versioned({ out, path, source }: NamedOut, { prefix }: Remote): Target[] {
  const base = keyBelow(prefix, posix.normalize(path));
  const known = out.algorithm === "md5";
  if (out.files !== undefined) {
    return out.files.map((file) => ({
      key: keyBelow(base, file.relpath),
      expected: {
        versionId: file.versionId,
        size: file.size,
        md5: known ? file.md5 : undefined,
        source,
      },
    }));
  }
  if (out.versionId === undefined) return [];
  const md5 = known ? out.oid : undefined;
  return [{ key: base, expected: { versionId: out.versionId, size: out.size, md5, source } }];
}

const MOST_CONFIG_BYTES = 1024 * 1024;
const MOST_FILE_BYTES = 64 * 1024 * 1024;
const MOST_LIST_BYTES = 64 * 1024 * 1024;
