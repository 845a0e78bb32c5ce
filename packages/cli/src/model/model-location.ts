import { statSync } from "node:fs";
import { basename, isAbsolute, relative, resolve, sep } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import { readBounded } from "@mlsign/files";

/** Where a model is, and where what belongs to it lies (beside a file, inside a directory). */
export interface ModelLocation {
  readonly path: string;
  readonly directory: boolean;
  readonly signaturePath: string;
  /** Names inside the model that are mlsign's own: never signed. */
  readonly ownNames: readonly string[];
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
  const ownNames = directory ? [...names].flatMap((name) => [name, `${name}.tmp`]) : [];
  return { path, directory, signaturePath, ownNames };
}

/** The model's signature, `undefined` where there is none. @throws MlsignError `limit-exceeded` */
export function signatureBytes({ signaturePath }: ModelLocation): Buffer | undefined {
  return readBounded(signaturePath, MOST_BUNDLE_BYTES);
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
