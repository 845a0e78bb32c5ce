import { type Dirent, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { byUtf8 } from "@mlsign/core";
import { type FileKind, findDependencyFiles } from "@mlsign/deps";

/** What a repository holds that evidence can be made of; paths from its root. */
export interface Seen {
  readonly card: string | undefined;
  readonly locks: readonly string[];
  /** `dvc.lock` and `.dvc` files. */
  readonly data: readonly string[];
}

/** Looks around in a repository. Links are not followed, and installed packages not looked into. */
export function survey(folder: string): Seen {
  const { found } = findDependencyFiles(folder);
  const locks = found.filter(({ kind }) => LOCKS.has(kind)).map(({ path }) => path);
  const card = existsSync(join(folder, CARD)) ? CARD : undefined;
  return { card, locks, data: dataFiles(folder) };
}

/** A `mlsign.yaml` with what was seen, and comments that say what each line does. */
export function proposal({ card, locks, data }: Seen): string {
  return `# What mlsign sign leaves beside a model, as signed claims. Flags win over this file.
# Whom to trust, keys and services are never taken from here: a pull request can change it.

# The model's card: auto takes MODEL.card.md or the README.md beside the model, or in its directory.
${card === undefined ? "# " : ""}card: auto
# card-policy: card-policy.yaml   # which rules of the card are errors

# A bill of materials (CycloneDX), made of the model's files, the card, lock files, data and commit.
sbom: auto
# name: fraud-model
# model-version: 1.0.0

# Files whose dependencies must be pinned by hash.
${list("deps", locks, "requirements.txt")}

# Where the model came from: this commit, its data, the image that it was trained in.
lineage: auto
${dataNote(data)}${list("data", data.length === 1 ? data : [], data[0] ?? "data.dvc", data.slice(1))}
# container: registry.example/train@sha256:…   # by digest; --container in CI, where it is known
# base-model: [ORG/NAME@COMMIT=path/to/base]
`;
}

/** One model is one data set: which of several, only its owner knows. */
function dataNote(data: readonly string[]): string {
  if (data.length < 2) return "";
  return "# One model is one data set: keep the file that this one is trained on.\n";
}

function list(
  key: string,
  paths: readonly string[],
  example: string,
  others: readonly string[] = [],
): string {
  const lines = (items: readonly string[]): string =>
    items.map((item) => `\n  - ${scalar(item)}`).join("");
  if (paths.length > 0) return `${key}:${lines(paths)}`;
  return `${key}:${lines([example, ...others])}`.replaceAll(/^/gm, "# ");
}

/** A name as YAML reads it back: quoted where it is not plain. */
function scalar(text: string): string {
  return /^[\w][\w./-]*$/.test(text) && !/^[\d.]+$/.test(text) ? text : JSON.stringify(text);
}

function dataFiles(folder: string): string[] {
  const found: string[] = [];
  const visit = (prefix: string, depth: number): void => {
    for (const entry of entriesOf(join(folder, prefix))) {
      const path = prefix + entry.name;
      if (found.length >= MOST_FILES) return;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith(".") && !SKIPPED.has(entry.name) && depth < MOST_DEPTH)
          visit(`${path}/`, depth + 1);
      } else if (entry.isFile() && isDataFile(entry.name)) found.push(path);
    }
  };
  visit("", 0);
  // A pipeline's lock file holds its outputs together: it comes first.
  return found.toSorted(
    (a, b) => Number(b.endsWith(LOCK)) - Number(a.endsWith(LOCK)) || byUtf8(a, b),
  );
}

function isDataFile(name: string): boolean {
  return name === LOCK || (name.endsWith(".dvc") && name !== ".dvc");
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that cannot be read proposes nothing.
    return [];
  }
}

const CARD = "README.md";
const LOCK = "dvc.lock";
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", "__pycache__", "site-packages"]);
const MOST_FILES = 1000;
const MOST_DEPTH = 20;
/** Files that pin packages; images and actions have files of their own, which deps check finds. */
const LOCKS: ReadonlySet<FileKind> = new Set([
  "requirements",
  "pylock",
  "uv-lock",
  "poetry-lock",
  "pdm-lock",
  "pipfile-lock",
  "conda-lock",
  "conda-explicit",
  "package-lock",
  "pnpm-lock",
  "yarn-lock",
]);
