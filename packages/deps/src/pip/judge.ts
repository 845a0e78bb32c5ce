import { isSdist, tellBuild } from "../artifacts.ts";
import type { Hash } from "../entry.ts";
import { purl, pypiName } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import type { FormatControl } from "./format-control.ts";
import { judgeHashes, type LineHashes } from "./judge-hashes.ts";
import { VARIABLE } from "./lines.ts";
import type { LineOptions } from "./options.ts";
import type { PlacedLine } from "./read.ts";
import {
  parseEditable,
  parseRequirement,
  type Requirement,
  revisionOf,
  urlHash,
  vcsOf,
} from "./requirement.ts";

/** What all lines of a run share. */
export interface Run {
  readonly sheet: Sheet;
  readonly formats: FormatControl;
  /** Hashes of constraint files by canonical name. */
  readonly constraints: ReadonlyMap<string, readonly Hash[]>;
  /** Requirements that an sdist may satisfy. */
  readonly buildable: { readonly name: string; readonly path: string; readonly line: number }[];
}

type Place = Pick<PlacedLine, "path" | "line">;

/** One requirement line, or an editable one. */
export function judgeRequirement(run: Run, line: PlacedLine): void {
  const at = { path: line.path, line: line.line };
  if ("problem" in line) {
    judgeBroken(run, line, line.problem);
    return;
  }
  const [editable] = line.options.editables;
  if (editable !== undefined && line.requirement !== "") {
    run.sheet.problem(
      "dependency-file",
      "versions of pip read -e beside a requirement differently",
      {
        ...at,
        fix: "put -e on a line of its own",
      },
    );
  }
  if (line.requirement === "" && editable !== undefined) {
    judgeEditable(run, editable, line.options, at);
    return;
  }
  tellIgnored(run, line.options, at);
  judgeParsed(run, parseRequirement(line.requirement), line, at);
}

/** pip stops at such a line; which rule it breaks is told apart, since the fix differs. */
function judgeBroken(run: Run, line: PlacedLine, problem: string): void {
  const at = { path: line.path, line: line.line };
  const found = parseRequirement(line.requirement);
  const name = "name" in found ? found.name : undefined;
  const facts = factsOf(name ?? (line.requirement || "options"), undefined, at);
  const reason = `pip refuses the line: ${problem}`;
  const code = /found "(?:md5|sha1|sha224)"$/.test(problem)
    ? "dependency-hash-weak"
    : problem.includes("--hash")
      ? "dependency-hash-malformed"
      : "dependency-file";
  if (line.requirement === "") run.sheet.problem(code, reason, at);
  else run.sheet.unpinned(facts, code, reason);
}

function judgeEditable(run: Run, text: string, options: LineOptions, at: Place): void {
  const found = parseEditable(text);
  if (options.hashes.length > 0) {
    run.sheet.problem(
      "dependency-hash-detached",
      "--hash does not apply to -e: pip ignores it",
      at,
    );
  }
  if (found.kind === "url" && vcsOf(found.url) !== undefined) judgeVcs(run, found, at);
  else {
    const reason = "an editable installation cannot be pinned by hash";
    run.sheet.unpinned(factsOf(text, undefined, at), "dependency-pinned", reason, WHEEL);
  }
}

/** What pip drops without a word. */
function tellIgnored(run: Run, options: LineOptions, at: Place): void {
  if (options.leftover.length > 0) {
    run.sheet.problem("dependency-file", `pip ignores "${options.leftover.join(" ")}"`, {
      ...at,
      fix: "put the marker before the options, and remove what else stands behind them",
    });
  }
  const others = options.others.filter(([name]) => !PER_REQUIREMENT.has(name));
  const count = others.length + options.requirements.length + options.constraints.length;
  if (count > 0) {
    run.sheet.problem("dependency-option", "pip ignores options beside a requirement", {
      ...at,
      severity: "warning",
      fix: "put them on a line of their own",
    });
  }
}

function judgeParsed(
  run: Run,
  found: Requirement,
  line: Exclude<PlacedLine, { problem: string }>,
  at: Place,
): void {
  const { sheet } = run;
  const hashes = line.options.hashes;
  const variable = line.requirement.search(VARIABLE) >= 0;
  switch (found.kind) {
    case "invalid":
      if (variable) sheet.unknown(factsOf(line.requirement, undefined, at), UNRESOLVED);
      else {
        const fix = line.requirement.endsWith("\\")
          ? "remove what follows the backslash"
          : undefined;
        const facts = factsOf(line.requirement, undefined, at);
        sheet.unpinned(facts, "dependency-file", `pip refuses the line: ${found.problem}`, fix);
      }
      return;
    case "directory": {
      const reason = "a directory cannot be pinned by hash";
      sheet.unpinned(factsOf(found.path, undefined, at), "dependency-pinned", reason, WHEEL);
      return;
    }
    case "index": {
      const facts = factsOf(found.name, exactVersion(found.specifiers), at);
      if (judgeHashes(run, facts, { options: hashes, specifiers: found.specifiers })) {
        tellFormat(run, facts, at);
      }
      return;
    }
    case "archive":
    case "url":
      if (found.kind === "url" && vcsOf(found.url) !== undefined) judgeVcs(run, found, at);
      else judgeDirect(run, found, { options: hashes }, at);
  }
}

/** A URL or a local archive. */
function judgeDirect(
  run: Run,
  found: Extract<Requirement, { kind: "url" | "archive" }>,
  hashes: LineHashes,
  at: Place,
): void {
  const source = found.kind === "url" ? found.url : found.path;
  const facts = factsOf(found.name ?? source, undefined, at);
  const url = found.kind === "url" ? urlHash(source) : undefined;
  const pinned = judgeHashes(run, facts, { ...hashes, url, artifact: source });
  if (pinned && isSdist(source)) tellBuild(run.sheet, facts);
  if (pinned && source.search(VARIABLE) >= 0) {
    run.sheet.problem("dependency-option", `${facts.name}: a variable is part of the URL`, {
      ...at,
      severity: "note",
    });
  }
}

function judgeVcs(run: Run, found: Extract<Requirement, { kind: "url" }>, at: Place): void {
  const revision = revisionOf(found.url) ?? "";
  const kind = vcsOf(found.url);
  const facts = factsOf(found.name ?? found.url, undefined, at);
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision) && (kind === "git" || kind === "hg")) {
    run.sheet.commit(facts, "is pinned to a commit, whose bytes no hash covers");
  } else if (found.url.search(VARIABLE) >= 0) {
    run.sheet.unknown(facts, UNRESOLVED);
  } else {
    const fix = "name the full commit, or better a released artifact with its hash";
    run.sheet.unpinned(facts, "dependency-pinned", "names a branch or tag, which can move", fix);
  }
}

function tellFormat(run: Run, facts: Facts, at: Place): void {
  if (run.formats.noBinary(facts.name)) tellBuild(run.sheet, facts);
  else if (!run.formats.onlyBinary(facts.name)) run.buildable.push({ name: facts.name, ...at });
}

function factsOf(name: string, version: string | undefined, at: Place): Facts {
  const known = /^[A-Za-z0-9][\w.-]*$/.test(name);
  const location = { path: at.path, line: at.line };
  return {
    ecosystem: "pypi",
    name,
    version,
    ...location,
    purl: known ? purl("pypi", pypiName(name), version) : undefined,
  };
}

/** The version of a lone `==` or `===`. */
function exactVersion(specifiers: readonly string[]): string | undefined {
  const only = specifiers.length === 1 ? specifiers[0] : undefined;
  return /^={2,3}([^=*]+)$/.exec(only ?? "")?.[1];
}

const PER_REQUIREMENT: ReadonlySet<string> = new Set(["--config-settings", "--global-option"]);
const UNRESOLVED = "holds a variable that the file does not resolve";
const WHEEL = "build a wheel, and pin it by hash";
