import { statSync } from "node:fs";
import { basename, isAbsolute, relative, resolve, sep } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import type { TreeSource } from "@mlsign/manifest";
import { mlflowNotes } from "./mlflow-note.ts";

/** Where a model is, and where what belongs to it lies (beside a file, inside a directory). */
export interface ModelLocation {
  readonly path: string;
  readonly directory: boolean;
  readonly signaturePath: string;
  /** Names inside the model that are mlsign's own, or MLflow's note: never signed. */
  readonly ownNames: readonly string[];
  /** How it is read where it is no plain file or directory of this machine. */
  readonly elsewhere?: Elsewhere;
}

/** A model that is read where it lies: a bucket, a registry, a cache, a tree of pointers. */
interface Elsewhere {
  readonly source: TreeSource;
  /** The same without reading a byte, where its digests are known. */
  readonly digests?: TreeSource;
  /** Its signature, read already; without this it is a file at `signaturePath`. */
  readonly signature?: { readonly data: Buffer | undefined };
}

/** @throws MlsignError `model-missing` or `file-unreadable` */
export function locateModel(model: string, cwd: string, signature?: string): ModelLocation {
  const path = resolve(cwd, model);
  const directory = isDirectory(path, model);
  const signaturePath =
    signature === undefined
      ? directory
        ? resolve(path, SIGNATURE)
        : `${path}.sig`
      : resolve(cwd, signature);
  const inside = directory ? nameInside(path, signaturePath) : undefined;
  const names = new Set([SIGNATURE, CLAIMS, ...(inside === undefined ? [] : [inside])]);
  const ownNames = directory
    ? [...[...names].flatMap((name) => [name, `${name}.tmp`]), ...mlflowNotes(path)]
    : [];
  return { path, directory, signaturePath, ownNames };
}

/** The model's signature, `undefined` where there is none. @throws MlsignError `limit-exceeded` */
export function signatureBytes(location: ModelLocation): Buffer | undefined {
  const read = location.elsewhere?.signature;
  return read ? read.data : readBounded(location.signaturePath, MOST_BUNDLE_BYTES);
}

/**
 * A path to ignore as a name in the model: relative to the model, or, where that is not there, to
 * the working directory, as a shell completes it.
 *
 * @throws MlsignError `usage` for a path outside the model.
 */
export function ignoredName(path: string, location: ModelLocation, cwd: string): string {
  if (!isAbsolute(path) && exists(resolve(location.path, path))) return clean(path);
  const inside = nameInside(location.path, resolve(cwd, path));
  if (inside !== undefined && (isAbsolute(path) || exists(resolve(cwd, path)))) return inside;
  if (isAbsolute(path) || path.split(/[/\\]/).includes("..")) {
    throw new MlsignError("usage", `Cannot ignore ${printable(path)}: it is outside the model`);
  }
  return clean(path);
}

function isDirectory(path: string, model: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(cause) ?? "")) {
      throw new MlsignError(
        "model-missing",
        `Cannot find ${printable(model)}: there is no such model`,
      );
    }
    throw new MlsignError(
      "file-unreadable",
      `Cannot read ${printable(model)}: ${systemCode(cause)}`,
      {
        cause,
      },
    );
  }
}

function nameInside(folder: string, path: string): string | undefined {
  const name = relative(folder, path);
  if (name === "" || isAbsolute(name) || name.split(sep)[0] === "..") return undefined;
  return name.split(sep).join("/");
}

function clean(path: string): string {
  return path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "") || basename(path);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

const MOST_BUNDLE_BYTES = 64 * 1024 * 1024;
const SIGNATURE = "model.sig";
const CLAIMS = "claims.jsonl";
