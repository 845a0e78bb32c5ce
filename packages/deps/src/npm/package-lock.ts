import { isRecord, parseJson } from "@mlsign/core";
import { jsonKeyLines } from "../json-lines.ts";
import type { Sheet } from "../sheet.ts";
import { judgeNpm } from "./sources.ts";

/** `package-lock.json` and `npm-shrinkwrap.json`: v2 and v3 list `packages`, v1 nests `dependencies`. */
export function checkPackageLock(sheet: Sheet, text: string): void {
  const document = parseJson(text);
  const version = isRecord(document) ? document["lockfileVersion"] : undefined;
  if (!isRecord(document) || ![1, 2, 3].includes(version as number)) {
    sheet.problem("dependency-file", "lockfileVersion is not 1, 2 or 3");
    return;
  }
  const lines = jsonKeyLines(text, version === 1 ? MAX_NESTED : 2);
  if (version === 1) judgeNested(sheet, document, { lines, path: "", depth: 0 });
  else judgePackages(sheet, document["packages"], lines);
}

function judgePackages(sheet: Sheet, packages: unknown, lines: ReadonlyMap<string, number>): void {
  if (!isRecord(packages)) {
    sheet.problem("dependency-file", "there is no object of packages");
    return;
  }
  for (const [path, value] of Object.entries(packages)) {
    const at = path.lastIndexOf("node_modules/");
    // What is not below node_modules is the project itself, or a member of its workspace.
    if (at < 0 || !isRecord(value)) continue;
    const line = lines.get(`packages\0${path}`);
    judge(sheet, stringOf(value["name"]) ?? path.slice(at + "node_modules/".length), value, line);
  }
}

function judgeNested(
  sheet: Sheet,
  node: Record<string, unknown>,
  at: { lines: ReadonlyMap<string, number>; path: string; depth: number },
): void {
  const dependencies = node["dependencies"];
  if (!isRecord(dependencies) || at.depth > MAX_NESTED / 2) return;
  for (const [name, value] of Object.entries(dependencies)) {
    if (!isRecord(value)) continue;
    const path = `${at.path}dependencies\0${name}`;
    // In v1 the version of what is not from a registry is its URL.
    const resolved = stringOf(value["resolved"]) ?? stringOf(value["version"]);
    judge(sheet, name, { ...value, resolved }, at.lines.get(path));
    judgeNested(sheet, value, { lines: at.lines, path: `${path}\0`, depth: at.depth + 1 });
  }
}

function judge(
  sheet: Sheet,
  name: string,
  value: Record<string, unknown>,
  line: number | undefined,
): void {
  // A link leads to a member of the workspace; a bundled package is inside its parent's tarball.
  if (value["link"] === true || value["inBundle"] === true || value["bundled"] === true) return;
  judgeNpm(sheet, {
    name,
    version: stringOf(value["version"]),
    line,
    integrity: stringOf(value["integrity"]),
    resolved: stringOf(value["resolved"]),
  });
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const MAX_NESTED = 60;
