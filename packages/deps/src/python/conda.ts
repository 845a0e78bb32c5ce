import { judgeArtifacts } from "../artifacts.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { loadYaml } from "../yaml/load.ts";
import { entriesOf, itemsOf, member, textAt, type YamlNode } from "../yaml/node.ts";

/** `conda-lock.yml` (version 1): one item a package and platform. conda's own hash is often only md5. */
export function checkCondaLock(sheet: Sheet, text: string): void {
  const [document] = loadYaml(text);
  const packages = member(document, "package");
  if (packages?.kind !== "list") {
    sheet.problem("dependency-file", "not a conda-lock file: there is no list of packages");
    return;
  }
  for (const item of itemsOf(packages)) judgePackage(sheet, item);
}

/** `conda list --explicit --md5`, and conda-lock's `@EXPLICIT` files: a URL a line, with a hash. */
export function checkCondaExplicit(sheet: Sheet, text: string): void {
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line === "@EXPLICIT") continue;
    const [url, hash] = line.split("#", 2) as [string, string?];
    const file = url.slice(url.lastIndexOf("/") + 1);
    const match = /^(.+)-([^-]+)-[^-]+\.(?:conda|tar\.bz2)$/.exec(file);
    const facts: Facts = {
      ecosystem: "conda",
      name: match?.[1] ?? file,
      version: match?.[2],
      line: index + 1,
      purl: match === null ? undefined : purl("conda", match[1] as string, match[2]),
    };
    const hashes = hash === undefined ? [] : [explicitHash(hash)];
    judgeArtifacts(sheet, facts, [{ filename: file, url, hashes }]);
  }
}

/** Without an algorithm, the length tells: conda knows md5 and sha256. */
function explicitHash(text: string): string {
  if (text.includes(":")) return text;
  return text.length === 64 ? `sha256:${text}` : `md5:${text}`;
}

function judgePackage(sheet: Sheet, item: YamlNode): void {
  const name = textAt(item, "name");
  if (name === undefined) {
    sheet.problem("dependency-file", "a package has no name", { line: item.line });
    return;
  }
  const version = textAt(item, "version");
  const pip = textAt(item, "manager") === "pip";
  const url = textAt(item, "url");
  const facts: Facts = {
    ecosystem: pip ? "pypi" : "conda",
    name,
    version,
    line: item.line,
    purl: pip ? purl("pypi", pypiName(name), version) : purl("conda", name, version),
  };
  const hashes = entriesOf(member(item, "hash")).flatMap(([algorithm, { value }]) =>
    value.kind === "scalar" && value.text !== "" ? [`${algorithm}:${value.text}`] : [],
  );
  const filename = url?.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
  judgeArtifacts(sheet, facts, [{ filename, url, hashes }]);
}
