import type { Manifest } from "./manifest.ts";
import { GIT_PATHS, isIgnored } from "./names.ts";
import { rangesOf } from "./serialization.ts";
import type { SignedFile, SignedManifest } from "./signed.ts";
import type { Listing, ListOptions } from "./source.ts";

/** How the names and sizes of a model differ from the signed ones. */
export interface NameDifference {
  readonly same: boolean;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** Files of another size than their shards say. */
  readonly resized: readonly string[];
  /** Empty files that no signature with shards covers, so that they may come and go unseen. */
  readonly uncovered: readonly string[];
}

/** How the contents of a model differ from the signed ones; each file is in one list. */
export interface DigestDifference {
  readonly same: boolean;
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** Signed name and present name of the same content. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
}

/** How to list a model for a comparison: as its signer did, without what the caller leaves out. */
export function listOptionsFor(
  signed: SignedManifest,
  options: { ignorePaths?: readonly string[]; ignoreUnsigned?: boolean } = {},
): ListOptions {
  const names = signed.files.map(({ path }) => path);
  // A signature without ignore_paths, or with the git names signed, says which of them count.
  const git = GIT_PATHS.filter((path) => !names.some((name) => isIgnored(name, [path])));
  return {
    ignoreGit: false,
    ignorePaths: [...git, ...signed.serialization.ignorePaths, ...(options.ignorePaths ?? [])],
    allowSymlinks: signed.serialization.allowSymlinks,
    allowEmpty: true,
    only: options.ignoreUnsigned === true ? names : undefined,
  };
}

/** Compares names, and sizes where shards tell them, before any byte is read. */
export function compareNames(signed: SignedManifest, listing: Listing): NameDifference {
  const files = signedByName(signed, listing);
  const present = new Set(listing.files.map(({ name }) => name));
  const missing = [...files.keys()].filter((name) => !present.has(name));
  const extra: string[] = [];
  const resized: string[] = [];
  const uncovered: string[] = [];
  for (const { name, size } of listing.files) {
    const file = files.get(name);
    if (file !== undefined && file.size !== undefined && file.size !== size) resized.push(name);
    if (file !== undefined) continue;
    const blind = size === 0 && signed.serialization.method === "shards";
    (blind ? uncovered : extra).push(name);
  }
  const same = missing.length + extra.length + resized.length === 0;
  return { same, missing, extra, resized, uncovered };
}

/**
 * Compares digests; the manifest must be of the signed serialization. Only files whose signed
 * names are in it count as present.
 */
export function compareDigests(signed: SignedManifest, manifest: Manifest): DigestDifference {
  checkSameMethod(signed, manifest);
  const files = signedByName(signed, manifest);
  const present = contentsOf(manifest);
  const changed: string[] = [];
  const missing: string[] = [];
  for (const [name, file] of files) {
    const content = present.get(name);
    if (content === undefined) missing.push(name);
    else if (content !== contentKey(file.digests)) changed.push(name);
  }
  const blind = new Set(signed.serialization.method === "shards" ? emptyFiles(manifest) : []);
  const extra = [...present.keys()].filter((name) => !files.has(name) && !blind.has(name));
  const same = changed.length + missing.length + extra.length === 0;
  return { same, changed, ...pairRenamed(missing, extra, { files, present }) };
}

/** Signed files by the names that a listing gives: a model of one file is `.` there. */
function signedByName(
  signed: SignedManifest,
  model: Pick<Listing, "kind" | "name">,
): Map<string, SignedFile> {
  const only = signed.files.length === 1 ? signed.files[0] : undefined;
  if (model.kind === "file" && only?.path === model.name) return new Map([[".", only]]);
  return new Map(signed.files.map((file) => [file.path, file]));
}

/** A file's content as one text, which is equal for equal digests. */
function contentsOf(manifest: Manifest): Map<string, string> {
  const { serialization } = manifest;
  const digests = new Map(manifest.resources.map(({ name, digest }) => [name, digest]));
  const contents = new Map<string, string>();
  for (const { path, size } of manifest.files) {
    const ranges = rangesOf(size, serialization);
    const names = ranges?.map(([start, end]) => `${path}:${start}:${end}`) ?? [path];
    contents.set(path, contentKey(names.map((name) => digests.get(name) ?? "")));
  }
  return contents;
}

function contentKey(digests: readonly string[]): string {
  return digests.join(" ");
}

function emptyFiles(manifest: Manifest): string[] {
  return manifest.files.filter(({ size }) => size === 0).map(({ path }) => path);
}

/** A missing file and an extra one of the same content are one renamed file. */
function pairRenamed(
  missing: readonly string[],
  extra: readonly string[],
  all: { files: ReadonlyMap<string, SignedFile>; present: ReadonlyMap<string, string> },
): Pick<DigestDifference, "missing" | "extra" | "renamed"> {
  const found = new Map<string, string[]>();
  for (const name of extra) {
    const content = all.present.get(name) ?? "";
    const others = found.get(content);
    if (others === undefined) found.set(content, [name]);
    else others.push(name);
  }
  const renamed: [string, string][] = [];
  for (const from of missing) {
    const to = found.get(contentKey(all.files.get(from)?.digests ?? []))?.shift();
    if (to !== undefined) renamed.push([from, to]);
  }
  const moved = new Set(renamed.flat());
  const still = (name: string): boolean => !moved.has(name);
  return { missing: missing.filter(still), extra: extra.filter(still), renamed };
}

function checkSameMethod(signed: SignedManifest, manifest: Manifest): void {
  const [a, b] = [signed.serialization, manifest.serialization];
  if (a.method === b.method && a.hashType === b.hashType && a.shardSize === b.shardSize) return;
  throw new TypeError("The manifest is not of the signed serialization");
}
