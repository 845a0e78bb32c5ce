import { isRecord } from "@mlsign/core";
import { judgeArtifacts, type RawArtifact, tellBuild } from "../artifacts.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { judgeCommit, judgeLocal } from "./sources.ts";
import { parseToml, recordsOf, stringOf, tables, type TomlItem } from "./toml.ts";

/** `uv.lock` (version 1). */
export function checkUvLock(sheet: Sheet, text: string): void {
  const document = parseToml(text);
  if (document["version"] !== 1) {
    sheet.problem("dependency-file", "version is not 1: this lock is of another uv");
    return;
  }
  for (const item of tables(document, "package", text)) judgePackage(sheet, item);
}

function judgePackage(sheet: Sheet, { table, line }: TomlItem): void {
  const name = stringOf(table["name"]);
  const source = table["source"];
  if (name === undefined || !isRecord(source)) {
    sheet.problem("dependency-file", "a package has no name or no source", { line });
    return;
  }
  // The project itself and the members of its workspace.
  if (isOwn(source)) return;
  const version = stringOf(table["version"]);
  const facts: Facts = {
    ecosystem: "pypi",
    name,
    version,
    line,
    purl: purl("pypi", pypiName(name), version),
  };
  const git = stringOf(source["git"]);
  if (git !== undefined) {
    judgeCommit(sheet, facts, git.includes("#") ? git.slice(git.lastIndexOf("#") + 1) : undefined);
  } else if (source["directory"] !== undefined || source["editable"] !== undefined) {
    judgeLocal(sheet, facts);
  } else {
    judgeFiles(sheet, facts, table, source);
  }
}

/** `virtual` is not installed; `editable = "."` is the project that the lock belongs to. */
function isOwn(source: Record<string, unknown>): boolean {
  return source["virtual"] !== undefined || source["editable"] === ".";
}

function judgeFiles(
  sheet: Sheet,
  facts: Facts,
  table: Record<string, unknown>,
  source: Record<string, unknown>,
): void {
  const wheels = recordsOf(table["wheels"]);
  const sdist = isRecord(table["sdist"]) ? [table["sdist"]] : [];
  const direct = stringOf(source["url"]) ?? stringOf(source["path"]);
  judgeArtifacts(
    sheet,
    facts,
    [...wheels, ...sdist].map((file) => artifact(file, direct)),
  );
  if (wheels.length === 0 && sdist.length > 0) tellBuild(sheet, facts);
}

function artifact(file: Record<string, unknown>, direct: string | undefined): RawArtifact {
  const hash = stringOf(file["hash"]);
  const url = stringOf(file["url"]) ?? direct;
  const path = stringOf(file["filename"]) ?? stringOf(file["path"]) ?? url;
  return {
    filename: path?.replace(/[?#].*$/s, "").replace(/^.*\//s, ""),
    url,
    hashes: hash === undefined ? [] : [hash],
  };
}
