import { isRecord } from "@mlsign/core";
import { judgeArtifacts, type RawArtifact, tellBuild } from "../artifacts.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { judgeCommit, judgeLocal } from "./sources.ts";
import { parseToml, recordsOf, stringOf, tables, type TomlItem } from "./toml.ts";

/** `pylock.toml` (PEP 751): each package has wheels and an sdist, or one archive, vcs or directory. */
export function checkPylock(sheet: Sheet, text: string): void {
  const document = parseToml(text);
  const version = stringOf(document["lock-version"]);
  if (version === undefined || !/^1\.\d+$/.test(version)) {
    sheet.problem("dependency-file", `lock-version is ${version ?? "missing"}, wanted 1.x`);
    return;
  }
  for (const item of tables(document, "packages", text)) judgePackage(sheet, item);
}

function judgePackage(sheet: Sheet, { table, line }: TomlItem): void {
  const name = stringOf(table["name"]);
  if (name === undefined) {
    sheet.problem("dependency-file", "a package has no name", { line });
    return;
  }
  const version = stringOf(table["version"]);
  const facts: Facts = {
    ecosystem: "pypi",
    name,
    version,
    line,
    purl: purl("pypi", pypiName(name), version),
  };
  const { vcs, directory, archive, sdist } = table;
  const kinds = [vcs, directory, archive, sdist ?? table["wheels"]].filter(
    (kind) => kind !== undefined,
  );
  if (kinds.length !== 1) {
    sheet.unpinned(facts, "dependency-file", `has ${kinds.length} kinds of source, wanted one`);
  } else if (isRecord(vcs)) {
    judgeCommit(sheet, facts, stringOf(vcs["commit-id"]));
  } else if (isRecord(directory)) {
    judgeLocal(sheet, facts);
  } else if (isRecord(archive)) {
    judgeArtifacts(sheet, facts, [artifact(archive)]);
    if (!/\.whl$/i.test(locationOf(archive))) tellBuild(sheet, facts);
  } else {
    const wheels = recordsOf(table["wheels"]);
    const all = [...wheels, ...(isRecord(sdist) ? [sdist] : [])];
    judgeArtifacts(sheet, facts, all.map(artifact));
    if (wheels.length === 0 && isRecord(sdist)) tellBuild(sheet, facts);
  }
}

function artifact(table: Record<string, unknown>): RawArtifact {
  const hashes = isRecord(table["hashes"]) ? Object.entries(table["hashes"]) : [];
  const path = stringOf(table["path"]);
  return {
    filename: stringOf(table["name"]) ?? path?.slice(path.lastIndexOf("/") + 1),
    url: stringOf(table["url"]),
    hashes: hashes.map(([algorithm, hex]) => `${algorithm}:${stringOf(hex) ?? ""}`),
  };
}

function locationOf(table: Record<string, unknown>): string {
  const location = stringOf(table["name"]) ?? stringOf(table["url"]) ?? stringOf(table["path"]);
  return (location ?? "").replace(/[?#].*$/s, "");
}
