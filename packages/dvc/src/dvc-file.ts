import { isRecord, messageOf, MlsignError, printable } from "@mlsign/core";
import { parseDocument } from "yaml";
import { type DirEntry, dirOid } from "./dir-object.ts";

/** An output or dependency, as a `.dvc` file or `dvc.lock` has it. Nothing in it is verified. */
export interface DvcOut {
  readonly path: string;
  /** `<md5>` or `<md5>.dir`; `undefined` for what was never hashed (an import that was not fetched). */
  readonly oid: string | undefined;
  /** `md5-dos2unix` is DVC 2's, which is told by the lack of a `hash` key. */
  readonly algorithm: "md5" | "md5-dos2unix";
  readonly size: number | undefined;
  readonly nfiles: number | undefined;
  readonly remote: string | undefined;
  /** An ETag or a version id where there is no MD5: no digest of the content. */
  readonly etagOnly: boolean;
  /** Version id, or generation, of the remote's object. */
  readonly versionId: string | undefined;
  /** `cache: false` or `push: false`: no remote holds it. */
  readonly notPushed?: true;
  /** Of a cloud-versioned directory: its files, each a version of its own. */
  readonly files: readonly DvcOutFile[] | undefined;
}

/** A file of a cloud-versioned directory. */
interface DvcOutFile extends DirEntry {
  readonly size: number | undefined;
  readonly versionId: string | undefined;
}

export interface DvcStage {
  /** Stage of a `dvc.lock`; `undefined` in a `.dvc` file. */
  readonly name: string | undefined;
  readonly wdir: string | undefined;
  readonly cmd: string | undefined;
  readonly deps: readonly DvcOut[];
  readonly outs: readonly DvcOut[];
}

/**
 * Parses a `.dvc` file.
 *
 * @throws MlsignError `dvc-invalid`
 */
export function parseDvcFile(text: string, source: string): DvcStage {
  return readStage(readYaml(text, source), undefined, source);
}

/**
 * Parses a `dvc.lock`, schema 2.0; the older one without a schema is refused. Its paths are relative
 * to where their stage runs, which only `dvc.yaml` beside it says: without its text, `wdir` is unknown.
 *
 * @throws MlsignError `dvc-invalid`, also where a template says where a stage runs
 */
export function parseDvcLock(text: string, source: string, pipeline?: string): DvcStage[] {
  const lock = readYaml(text, source);
  const folders = pipeline === undefined ? undefined : foldersOf(pipeline, source);
  if (lock.schema !== "2.0")
    throw invalid(source, `schema ${JSON.stringify(lock.schema)}, not "2.0"`);
  const stages = isRecord(lock.stages) ? Object.entries(lock.stages) : [];
  return stages.map(([name, stage]) => {
    if (!isRecord(stage)) throw invalid(source, `stage "${printable(name)}" is not a mapping`);
    const read = readStage(stage, name, source);
    return folders === undefined ? read : { ...read, wdir: folderOf(name, folders, source) };
  });
}

/** `wdir` of each stage of a `dvc.yaml`. */
function foldersOf(text: string, lock: string): ReadonlyMap<string, string> {
  const source = lock.replace(/\.lock$/, ".yaml");
  const { stages } = readYaml(text, source, MOST_ALIASES);
  return new Map(
    Object.entries(isRecord(stages) ? stages : {}).map(([name, stage]) => {
      const made = isRecord(stage) && isRecord(stage.do) ? stage.do : stage;
      const wdir = isRecord(made) ? (made.wdir ?? ".") : ".";
      if (typeof wdir !== "string")
        throw invalid(source, `"wdir" of ${printable(name)} is no text`);
      return [name, wdir];
    }),
  );
}

/** A stage of `foreach` or `matrix` is called `name@item`; a name itself holds no `@`. */
function folderOf(
  stage: string,
  folders: ReadonlyMap<string, string>,
  source: string,
): string | undefined {
  const [name = "", item] = stage.split(/@(.*)/s);
  const wdir = folders.get(name)?.replaceAll("${item}", () => item ?? "${item}");
  if (wdir?.includes("${") === true) {
    throw invalid(source, `where stage "${printable(stage)}" runs, a template says: ${wdir}`);
  }
  return wdir;
}

function readStage(
  stage: Readonly<Record<string, unknown>>,
  name: string | undefined,
  source: string,
): DvcStage {
  const list = (key: string): DvcOut[] => {
    const value = stage[key] ?? [];
    if (!Array.isArray(value)) throw invalid(source, `"${key}" is not a list`);
    return value.map((out: unknown) => readOut(out, source));
  };
  const { cmd, wdir } = stage;
  return {
    name,
    wdir: typeof wdir === "string" ? wdir : undefined,
    cmd: Array.isArray(cmd) ? cmd.join("\n") : typeof cmd === "string" ? cmd : undefined,
    deps: list("deps"),
    outs: list("outs"),
  };
}

function readOut(out: unknown, source: string): DvcOut {
  if (!isRecord(out) || typeof out.path !== "string" || out.path === "") {
    throw invalid(source, "an entry has no path");
  }
  if (/\0/.test(out.path)) throw invalid(source, "a path holds a NUL");
  const { md5, hash } = out;
  const files = filesOf(out.files, source);
  if (hash !== undefined && hash !== "md5")
    throw invalid(source, `unknown hash ${JSON.stringify(hash)}`);
  const oid = typeof md5 === "string" ? md5.toLowerCase() : files && dirOid(files);
  if ((md5 !== undefined && typeof md5 !== "string") || (oid !== undefined && !OID.test(oid))) {
    throw invalid(source, `${JSON.stringify(md5)} is no MD5 of DVC's`);
  }
  return {
    path: out.path,
    oid,
    algorithm: hash === "md5" ? "md5" : "md5-dos2unix",
    size: count(out.size, "size", source),
    nfiles: count(out.nfiles, "nfiles", source),
    remote: typeof out.remote === "string" ? out.remote : undefined,
    etagOnly:
      oid === undefined &&
      (out.etag !== undefined || out.cloud !== undefined || out.files !== undefined),
    versionId: versionOf(out),
    ...((isFalse(out.cache) || isFalse(out.push)) && { notPushed: true as const }),
    files,
  };
}

function isFalse(value: unknown): boolean {
  return value === false || value === "false";
}

/** A cloud-versioned directory lists its files: DVC makes the directory's hash of them. */
function filesOf(files: unknown, source: string): DvcOutFile[] | undefined {
  if (!Array.isArray(files) || files.length === 0) return undefined;
  const entries: DvcOutFile[] = [];
  for (const file of files as unknown[]) {
    if (!isRecord(file)) return undefined;
    const { relpath, md5 } = file;
    if (typeof relpath !== "string" || typeof md5 !== "string" || !MD5.test(md5)) return undefined;
    const size = count(file.size, "size", source);
    entries.push({ relpath, md5: md5.toLowerCase(), size, versionId: versionOf(file) });
  }
  return entries;
}

/** DVC writes it under the remote's name, of which there is one, or beside the hash. */
function versionOf(entry: Readonly<Record<string, unknown>>): string | undefined {
  const cloud = isRecord(entry.cloud) ? Object.values(entry.cloud)[0] : undefined;
  const versionId = entry.version_id ?? (isRecord(cloud) ? cloud.version_id : undefined);
  return typeof versionId === "string" ? versionId : undefined;
}

function count(value: unknown, key: string, source: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(source, `"${key}" is no count`);
}

/** YAML 1.2, in a lock without aliases; an MD5 of digits alone would otherwise be a number, hence no core schema. */
function readYaml(text: string, source: string, maxAliasCount = 0): Record<string, unknown> {
  if (text.length > MOST_CHARACTERS)
    throw invalid(source, `more than ${MOST_CHARACTERS} characters`);
  const document = parseDocument(text, {
    uniqueKeys: true,
    strict: true,
    version: "1.2",
    merge: maxAliasCount > 0,
  });
  const [fault] = document.errors;
  if (fault !== undefined) throw invalid(source, fault.message.split("\n")[0] ?? "malformed");
  try {
    const value: unknown = document.toJS({ maxAliasCount });
    if (isRecord(value)) return value;
  } catch (error) {
    throw invalid(source, messageOf(error));
  }
  throw invalid(source, "it is not a mapping");
}

function invalid(source: string, why: string): MlsignError {
  return new MlsignError("dvc-invalid", `Cannot read ${printable(source)}: ${why}`);
}

const MD5 = /^[0-9a-fA-F]{32}$/;
const OID = /^[0-9a-f]{32}(?:\.dir)?$/;
const MOST_ALIASES = 1000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
