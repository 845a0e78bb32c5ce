import { readFileSync } from "node:fs";
import test from "ava";
import { decodeRequirements } from "../src/pip/decode.ts";
import { parseLine, type PipLine } from "../src/pip/line.ts";
import { logicalLines } from "../src/pip/lines.ts";
import type { PipVersion } from "../src/pip/options.ts";
import { parseRequirement } from "../src/pip/requirement.ts";
import { urlHash } from "../src/pip/requirement.ts";

type Recorded = "E" | readonly [number, string, Record<string, unknown>, unknown];
type Case = readonly [file: string, outcome: Recorded[], old?: Recorded[]];

const HASH = "a".repeat(64);
const ENVIRONMENT = { HASH, NAME: "p" };
const { cases } = load();

for (const version of ["26.3", "23.2"] as const) {
  test(`the line model agrees with pip ${version} on ${cases.length} recorded files`, (t) => {
    const differences = cases.flatMap(([file, latest, old = latest]) => {
      const wanted = (version === "26.3" ? latest : old).map(withoutConstructor);
      const actual = linesOf(file, version).map(withoutConstructor);
      return JSON.stringify(actual) === JSON.stringify(wanted) ? [] : [{ file, wanted, actual }];
    });
    t.deepEqual(differences.slice(0, 5), []);
  });
}

test("`parseRequirement()` accepts what pip's constructors accept, with the same name and hash", (t) => {
  const differences = cases.flatMap(([file, latest]) =>
    latest.flatMap((line) => {
      if (line === "E" || line[1] === "") return [];
      const actual = constructed(line[1]);
      return JSON.stringify(actual) === JSON.stringify(line[3])
        ? []
        : [{ file, text: line[1], wanted: line[3], actual }];
    }),
  );
  t.deepEqual(differences.slice(0, 10), []);
});

function linesOf(file: string, version: PipVersion): Recorded[] {
  const decoded = decodeRequirements(Buffer.from(file, "latin1"));
  if ("problem" in decoded) return ["E"];
  const lines: Recorded[] = [];
  for (const logical of logicalLines(decoded.text, ENVIRONMENT)) {
    const line = parseLine(logical, version);
    if ("problem" in line) return [...lines, "E"];
    lines.push([line.line, line.requirement, optionsOf(line), null]);
  }
  return lines;
}

/** The options by the names and in the order of the recorder. */
function optionsOf(line: Exclude<PipLine, { problem: string }>): Record<string, unknown> {
  const { options } = line;
  const values = (name: string): string[] =>
    options.others.filter(([key]) => key === name).map(([, value]) => value);
  const hashes: Record<string, string[]> = {};
  for (const { algorithm, hex } of options.hashes) (hashes[algorithm] ??= []).push(hex);
  const settings: Record<string, string | string[]> = {};
  for (const setting of values("--config-settings")) {
    const at = setting.indexOf("=");
    settings[setting.slice(0, at)] = setting.slice(at + 1);
  }
  const lists: [string, unknown][] = [
    ["hashes", hashes],
    ["requirements", options.requirements],
    ["constraints", options.constraints],
    ["editables", options.editables],
    ["find_links", values("--find-links")],
    ["extra_index_urls", values("--extra-index-url")],
    ["index_url", values("--index-url").at(-1) ?? ""],
    ["trusted_hosts", values("--trusted-host")],
    ["config_settings", settings],
  ];
  const flags = ["no_index", "pre", "require_hashes", "no_require_hashes", "prefer_binary"]
    .filter((name) => values(`--${name.replaceAll("_", "-")}`).length > 0)
    .map((name): [string, unknown] => [name, 1]);
  const filled = lists.filter(([, value]) => Object.keys(value as object).length > 0);
  return Object.fromEntries([...filled, ...flags]);
}

function constructed(text: string): unknown {
  const found = parseRequirement(text);
  // The recording has no such directory: pip then says that it is not a requirement.
  if (found.kind === "invalid" || found.kind === "directory") return "E";
  if (found.kind === "index") return [found.name, null];
  const hash = found.kind === "url" ? urlHash(found.url) : undefined;
  return [found.name ?? null, hash === undefined ? null : [hash.algorithm, hash.hex]];
}

function withoutConstructor(line: Recorded): unknown {
  return line === "E" ? line : line.slice(0, 3);
}

function load(): { cases: Case[] } {
  const path = new URL("../../../fixtures/deps/pip.json", import.meta.url);
  const text = readFileSync(path, "utf8").replaceAll("§", HASH).replaceAll("¤", "a".repeat(40));
  return JSON.parse(text) as { cases: Case[] };
}
