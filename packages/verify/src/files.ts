import {
  type Finding,
  finding,
  formatBytes,
  MlsignError,
  messageOf,
  printable,
} from "@mlsign/core";
import {
  compareDigests,
  compareNames,
  type Listing,
  listOptionsFor,
  type Manifest,
  manifestOf,
  type NameDifference,
  type SignedManifest,
  type TreeSource,
} from "@mlsign/manifest";
import type { ModelOptions } from "./model.ts";

export interface FilesResult {
  readonly findings: readonly Finding[];
  readonly listing: Listing | undefined;
  readonly manifest: Manifest | undefined;
}

/** Compares a model's files with the signed list; serialization is the signed one (OMS 8.4). */
export async function checkFiles(
  source: TreeSource,
  signed: SignedManifest,
  options: ModelOptions,
): Promise<FilesResult> {
  let listing: Listing | undefined;
  try {
    listing = await list(source, signed, options);
    const findings = [...checkIgnored(listing, signed, options), ...checkClashes(listing)];
    const names = compareNames(signed, listing);
    if (listing.files.length === 0) {
      return {
        findings: [...findings, ...nameFindings(names, listing.name)],
        listing,
        manifest: undefined,
      };
    }
    const manifest = await manifestOf(source, listing, {
      serialization: signed.serialization,
      also: ["sha256"],
      ...(options.into !== undefined && { into: options.into }),
      ...(options.onProgress && { onProgress: options.onProgress }),
      ...(options.signal && { signal: options.signal }),
    });
    findings.push(...(await checkStore(source, listing, manifest)));
    return { findings: [...findings, ...contentFindings(signed, manifest)], listing, manifest };
  } catch (error) {
    if (error instanceof MlsignError && error.code === "digests-insufficient") {
      const names = listing === undefined ? [] : namesOf(signed, listing);
      const unknown = finding("files-match", "unknown", messageOf(error));
      return { findings: [...names, unknown], listing, manifest: undefined };
    }
    if (!(error instanceof MlsignError) || error.category !== "refused") throw error;
    const code = error.code === "file-changed-while-hashing" ? "file-changed" : "files-match";
    return { findings: [finding(code, "fail", messageOf(error))], listing, manifest: undefined };
  }
}

function list(source: TreeSource, signed: SignedManifest, options: ModelOptions): Promise<Listing> {
  const ignorePaths = [...(options.ignorePaths ?? []), ...(options.ownNames ?? [])];
  const ignoreUnsigned = options.ignoreUnsignedFiles ?? false;
  return source.list({
    ...listOptionsFor(signed, { ignorePaths, ignoreUnsigned }),
    signal: options.signal,
  });
}

/** Missing and added files are told also where contents cannot be compared. */
function namesOf(signed: SignedManifest, listing: Listing): Finding[] {
  return nameFindings(compareNames(signed, listing), listing.name);
}

/** A store that calls files by their digests may hold other bytes under them. */
async function checkStore(
  source: TreeSource,
  listing: Listing,
  manifest: Manifest,
): Promise<Finding[]> {
  if (source.check === undefined) return [];
  const digests = new Map(manifest.files.map(({ path, digests: { sha256 } }) => [path, sha256]));
  const misnamed = await source.check(listing, (name) => digests.get(name));
  return misnamed.map(({ name, why }) =>
    finding("blob-name", "fail", `"${printable(name)}" ${why}`, {
      subject: name,
      location: { path: name },
    }),
  );
}

/** The signer chooses what its signature leaves out; whoever relies on it must be told. */
function checkIgnored(listing: Listing, signed: SignedManifest, options: ModelOptions): Finding[] {
  const own = new Set(options.ownNames ?? []);
  const allowed = (options.ignorePaths ?? []).map((path) => path.replace(/\/+$/, ""));
  const left = listing.ignored.filter(
    (name) =>
      !own.has(name) && !allowed.some((path) => name === path || name.startsWith(`${path}/`)),
  );
  if (options.ignoreUnsignedFiles) return [];
  const refuse = options.refuseSignerIgnores ?? false;
  return left.map((name) =>
    finding("file-uncovered", "fail", `not covered: the signer left "${printable(name)}" out`, {
      severity: refuse || MLFLOW_NOTE.test(name) ? "error" : "warning",
      subject: name,
      evidence: { ignorePaths: [...signed.serialization.ignorePaths] },
      fix: refuse
        ? "allow it with --ignore-path, or have the model signed with it"
        : "do not load it; --no-signer-ignores refuses such files",
    }),
  );
}

function checkClashes(listing: Listing): Finding[] {
  return listing.clashes.map(([one, other]) =>
    finding(
      "name-clash",
      "fail",
      `"${printable(one)}" and "${printable(other)}" are one file on some systems`,
      { severity: "warning", subject: other },
    ),
  );
}

function nameFindings(names: Pick<NameDifference, "missing" | "extra">, model: string): Finding[] {
  return [
    ...names.missing.map((name) =>
      fileFinding("file-missing", named(name, model), "is signed, and not there"),
    ),
    ...names.extra.map((name) =>
      fileFinding("file-extra", named(name, model), "is there, and not signed"),
    ),
  ];
}

function contentFindings(signed: SignedManifest, manifest: Manifest): Finding[] {
  const { changed, missing, extra, renamed } = compareDigests(signed, manifest);
  const findings = [
    ...changed.map((name) =>
      fileFinding("file-changed", named(name, manifest.name), "is not what was signed"),
    ),
    ...nameFindings({ missing, extra }, manifest.name),
    ...renamed.map(([from, to]) =>
      finding("file-renamed", "fail", `"${printable(from)}" is now "${printable(to)}"`, {
        subject: to,
        evidence: { from, to },
      }),
    ),
  ];
  if (findings.length > 0) return findings;
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  const files = manifest.files.length;
  return [
    finding(
      "files-match",
      "pass",
      `${files} ${files === 1 ? "file" : "files"} as signed, ${formatBytes(bytes)}`,
    ),
    ...blindness(signed, manifest),
    ...unread(manifest),
  ];
}

function unread({ unread: names, files }: Manifest): Finding[] {
  if (names.length === 0) return [];
  const unreadNames = new Set(names);
  const all = names.length === files.length;
  const bytes = formatBytes(
    files.filter(({ path }) => unreadNames.has(path)).reduce((sum, { size }) => sum + size, 0),
  );
  const which = all ? "the bytes" : `the bytes of ${names.length} of ${files.length} files`;
  return [
    finding("bytes-read", "fail", `from digests: ${which} (${bytes}) were not read`, {
      severity: "note",
      evidence: { unread: names.slice(0, MOST_NAMED) },
    }),
  ];
}

/** Shards have no digest for an empty file, so that one may come or go unseen (OMS 6.2). */
function blindness(signed: SignedManifest, manifest: Manifest): Finding[] {
  if (signed.serialization.method !== "shards") return [];
  return manifest.files
    .filter(({ size }) => size === 0)
    .map(({ path }) =>
      finding("shards-blind", "fail", `"${printable(path)}" is empty, which shards do not cover`, {
        severity: "warning",
        subject: path,
      }),
    );
}

/** A model of one file is `.` in its manifest; people know it by its name. */
function named(name: string, model: string): string {
  return name === "." ? model : name;
}

function fileFinding(
  code: "file-changed" | "file-missing" | "file-extra",
  name: string,
  what: string,
): Finding {
  return finding(code, "fail", `"${printable(name)}" ${what}`, {
    subject: name,
    location: { path: name },
  });
}

/**
 * Left out of the signature of every model of MLflow's, as MLflow adds it: one that is not told as
 * `ownNames`, for it is not of MLflow's form, was put there by somebody else.
 */
const MLFLOW_NOTE = /^registered_model_meta(?:\/|$)/;
const MOST_NAMED = 100;
