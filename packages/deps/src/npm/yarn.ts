import { judgeDigest } from "../hashes.ts";
import { purl } from "../purl.ts";
import type { Sheet } from "../sheet.ts";
import { loadYaml } from "../yaml/load.ts";
import { entriesOf, textAt, type YamlEntry } from "../yaml/node.ts";
import { judgeNpm } from "./sources.ts";
import { parseYarn1 } from "./yarn1.ts";

/** `yarn.lock`: version 1 in Yarn's own syntax, later ones (`__metadata`) in YAML. */
export function checkYarnLock(sheet: Sheet, text: string): void {
  if (!/^__metadata:/m.test(text)) {
    checkYarn1(sheet, text);
    return;
  }
  const [document] = loadYaml(text);
  for (const [key, entry] of entriesOf(document)) {
    if (key !== "__metadata") judgeBerry(sheet, entry);
  }
}

function checkYarn1(sheet: Sheet, text: string): void {
  if (!/^# yarn lockfile v1\s*$/m.test(text)) {
    sheet.problem("dependency-file", 'not a yarn.lock: there is no line "# yarn lockfile v1"');
    return;
  }
  const parsed = parseYarn1(text);
  if ("problem" in parsed) {
    sheet.problem("dependency-file", parsed.problem, { line: parsed.line });
    return;
  }
  for (const { pattern, line, fields } of parsed.entries) {
    judgeNpm(sheet, {
      name: pattern.slice(0, pattern.indexOf("@", 1)),
      version: fields.get("version"),
      line,
      integrity: fields.get("integrity") ?? fragmentOf(fields.get("resolved")),
      resolved: fields.get("resolved"),
    });
  }
}

/** Yarn before 1.10 kept only the sha1 of a tarball, as its URL's fragment. */
function fragmentOf(resolved: string | undefined): string | undefined {
  const hex = /^https?:.*#([0-9a-f]{40})$/.exec(resolved ?? "")?.[1];
  if (hex === undefined || /\.git#/.test(resolved ?? "")) return undefined;
  return `sha1-${Buffer.from(hex, "hex").toString("base64")}`;
}

/** The checksum is the sha512 of the zip that Yarn makes of the package, `10c0/` its settings. */
function judgeBerry(sheet: Sheet, { value, line }: YamlEntry): void {
  const resolution = textAt(value, "resolution") ?? "";
  const at = resolution.indexOf("@", 1);
  const name = at < 0 ? resolution : resolution.slice(0, at);
  const range = at < 0 ? "" : resolution.slice(at + 1);
  // The project's own packages, and links to directories.
  if (textAt(value, "linkType") === "soft" || range.startsWith("workspace:")) return;
  const version = textAt(value, "version");
  const facts = {
    ecosystem: "npm",
    name,
    version,
    line,
    purl: purl("npm", name, version),
  } as const;
  const checksum = textAt(value, "checksum");
  if (checksum === undefined) {
    judgeNpm(sheet, { name, version, line, integrity: undefined, resolved: gitOf(range) ?? range });
    return;
  }
  const judged = judgeDigest("sha512", checksum.replace(/^[^/]*\//, ""));
  if (judged.verdict === "strong")
    sheet.pinned({ ...facts, hashes: [judged.hash] }, "has a checksum");
  else sheet.unpinned(facts, "dependency-hash-malformed", `its checksum ${judged.problem}`);
}

function gitOf(range: string): string | undefined {
  const commit = /#(?:.*&)?commit=([0-9a-f]+)/.exec(range)?.[1];
  return commit === undefined ? undefined : `git+${range.replace(/#.*$/s, "")}#${commit}`;
}
