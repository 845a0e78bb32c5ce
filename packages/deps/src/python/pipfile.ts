import { isRecord, parseJson } from "@mlsign/core";
import { judgeArtifacts } from "../artifacts.ts";
import { jsonKeyLines } from "../json-lines.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { judgeCommit, judgeLocal } from "./sources.ts";
import { stringOf } from "./toml.ts";

/** `Pipfile.lock`: any one of a package's hashes may match, as with pip. */
export function checkPipfileLock(sheet: Sheet, text: string): void {
  const document = parseJson(text);
  if (!isRecord(document) || !isRecord(document["_meta"])) {
    sheet.problem("dependency-file", "not a Pipfile.lock: there is no _meta");
    return;
  }
  const lines = jsonKeyLines(text, 2);
  for (const [group, packages] of Object.entries(document)) {
    if (group === "_meta" || !isRecord(packages)) continue;
    for (const [name, value] of Object.entries(packages)) {
      if (isRecord(value)) judgePackage(sheet, name, value, lines.get(`${group}\0${name}`));
    }
  }
}

function judgePackage(
  sheet: Sheet,
  name: string,
  table: Record<string, unknown>,
  line: number | undefined,
): void {
  const version = stringOf(table["version"])?.replace(/^={2,3}/, "");
  const facts: Facts = {
    ecosystem: "pypi",
    name,
    version,
    line,
    purl: purl("pypi", pypiName(name), version),
  };
  const hashes = Array.isArray(table["hashes"])
    ? table["hashes"].map((hash) => stringOf(hash) ?? "")
    : [];
  if (table["git"] !== undefined) judgeCommit(sheet, facts, stringOf(table["ref"]));
  else if (table["path"] !== undefined || table["editable"] === true) judgeLocal(sheet, facts);
  else judgeArtifacts(sheet, facts, [{ url: stringOf(table["file"]), hashes }]);
}
