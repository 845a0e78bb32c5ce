import { isRecord } from "@mlsign/core";
import { judgeArtifacts, type RawArtifact, tellBuild } from "../artifacts.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { judgeCommit, judgeLocal } from "./sources.ts";
import { parseToml, recordsOf, stringOf, tables, type TomlItem } from "./toml.ts";

/** `poetry.lock`: files stand in the package, or, before 1.5, in `[metadata.files]`. */
export function checkPoetryLock(sheet: Sheet, text: string): void {
  const document = parseToml(text);
  const old = filesOfMetadata(document);
  for (const item of tables(document, "package", text)) {
    const facts = factsOf(sheet, item);
    if (facts === undefined) continue;
    const source = isRecord(item.table["source"]) ? item.table["source"] : {};
    const files = item.table["files"] ?? old[facts.name];
    switch (source["type"]) {
      case "git":
        judgeCommit(sheet, facts, stringOf(source["resolved_reference"]));
        break;
      case "directory":
        judgeLocal(sheet, facts);
        break;
      default:
        judgeFiles(sheet, facts, files);
    }
  }
}

/** `pdm.lock`: like Poetry's, with the source in the package itself. */
export function checkPdmLock(sheet: Sheet, text: string): void {
  const document = parseToml(text);
  const old = filesOfMetadata(document);
  for (const item of tables(document, "package", text)) {
    const facts = factsOf(sheet, item);
    if (facts === undefined) continue;
    const { table } = item;
    // Extras are packages of their own, without files: `name` with `extras` repeats another.
    const files = table["files"] ?? old[`${facts.name} ${facts.version ?? ""}`];
    if (files === undefined && Array.isArray(table["extras"])) continue;
    if (stringOf(table["git"]) !== undefined || stringOf(table["hg"]) !== undefined) {
      judgeCommit(sheet, facts, stringOf(table["revision"]));
    } else if (stringOf(table["path"]) !== undefined && recordsOf(files).length === 0) {
      judgeLocal(sheet, facts);
    } else {
      judgeFiles(sheet, facts, files);
    }
  }
}

function factsOf(sheet: Sheet, { table, line }: TomlItem): Facts | undefined {
  const name = stringOf(table["name"]);
  const version = stringOf(table["version"]);
  if (name === undefined) {
    sheet.problem("dependency-file", "a package has no name", { line });
    return undefined;
  }
  return { ecosystem: "pypi", name, version, line, purl: purl("pypi", pypiName(name), version) };
}

function judgeFiles(sheet: Sheet, facts: Facts, files: unknown): void {
  const artifacts = recordsOf(files).map(artifact);
  judgeArtifacts(sheet, facts, artifacts);
  const wheel = artifacts.some(({ filename }) => filename?.endsWith(".whl") === true);
  if (!wheel && artifacts.length > 0) tellBuild(sheet, facts);
}

function artifact(file: Record<string, unknown>): RawArtifact {
  const hash = stringOf(file["hash"]);
  const url = stringOf(file["url"]);
  return {
    filename: stringOf(file["file"]) ?? url?.replace(/[?#].*$/s, "").replace(/^.*\//s, ""),
    url,
    hashes: hash === undefined ? [] : [hash],
  };
}

function filesOfMetadata(document: Record<string, unknown>): Record<string, unknown> {
  const metadata = isRecord(document["metadata"]) ? document["metadata"] : {};
  return isRecord(metadata["files"]) ? metadata["files"] : {};
}
