import { judgeDigest } from "../hashes.ts";
import { pypiName } from "../purl.ts";
import type { Facts } from "../sheet.ts";
import type { Run } from "./judge.ts";
import { VARIABLE } from "./lines.ts";

interface WrittenHash {
  readonly algorithm: string;
  readonly hex: string;
}

/** The hashes of a line: pip accepts a file that matches any one of them. */
export interface LineHashes {
  readonly options: readonly WrittenHash[];
  /** That of the URL's fragment. */
  readonly url?: WrittenHash | undefined;
  readonly specifiers?: readonly string[];
  /** The URL or path of a direct reference. */
  readonly artifact?: string;
}

/** Judges a requirement by its hashes, and says whether it is pinned. */
export function judgeHashes(run: Run, facts: Facts, line: LineHashes): boolean {
  const { sheet } = run;
  const written = [...line.options, ...(line.url === undefined ? [] : [line.url])];
  if (written.length === 0) return judgeBare(run, facts);
  const judged = written.map(({ algorithm, hex }) => judgeDigest(algorithm, hex));
  const usable = judged.filter(({ verdict }) => verdict !== "malformed").map(({ hash }) => hash);
  const artifacts =
    line.artifact === undefined ? {} : { artifacts: [{ ...named(line.artifact), hashes: usable }] };
  const full: Facts = { ...facts, hashes: usable, ...artifacts };
  const refused = refusal(written, line);
  if (refused !== undefined) {
    sheet.unpinned(full, refused[0], refused[1], refused[2]);
    return false;
  }
  const weak = judged.find(({ verdict }) => verdict === "weak");
  if (weak !== undefined) {
    sheet.unpinned(full, "dependency-hash-weak", `its hash ${weak.problem}`, HASHES);
    return false;
  }
  const malformed = judged.find(({ verdict }) => verdict === "malformed");
  if (usable.length === 0) {
    sheet.unpinned(full, "dependency-hash-malformed", `its hash ${malformed?.problem}`, HASHES);
    return false;
  }
  sheet.pinned(full, "has a hash");
  tellFlaws(run, facts, line, { written, malformed: malformed?.problem });
  return true;
}

/** Without a hash of its own, a constraint's may count. */
function judgeBare({ sheet, constraints }: Run, facts: Facts): boolean {
  const hashes = constraints.get(pypiName(facts.name));
  if (hashes === undefined) {
    sheet.unpinned(facts, "dependency-pinned", "has no hash", HASHES);
    return false;
  }
  sheet.pinned({ ...facts, hashes }, "has the hash of a constraint");
  sheet.problem("dependency-pinned", `${facts.name}: pip before 26.1 ignores a constraint's hash`, {
    ...place(facts),
    severity: "warning",
    fix: "write the hash in the requirements file",
  });
  return true;
}

/** What makes the hashes worthless together. */
function refusal(
  written: readonly WrittenHash[],
  line: LineHashes,
): readonly ["dependency-hash-malformed" | "dependency-pinned", string, string] | undefined {
  if (written.some(({ hex }) => hex.search(VARIABLE) >= 0)) {
    const fix = "write the hash itself";
    return ["dependency-hash-malformed", "its hash is a variable of the environment", fix];
  }
  const { url, options } = line;
  const same = options.filter(({ algorithm }) => algorithm === url?.algorithm);
  if (url !== undefined && options.length > 0 && !same.some(({ hex }) => hex === url.hex)) {
    const reason = "has two different hashes, and pip accepts a file that matches either";
    return ["dependency-pinned", reason, "keep the hash that is right"];
  }
  return undefined;
}

/** Flaws that do not let other bytes in. */
function tellFlaws(
  { sheet }: Run,
  facts: Facts,
  line: LineHashes,
  more: { written: readonly WrittenHash[]; malformed: string | undefined },
): void {
  const at = place(facts);
  if (more.malformed !== undefined) {
    const message = `${facts.name}: one of its hashes ${more.malformed}`;
    sheet.problem("dependency-hash-malformed", message, { ...at, fix: "remove or repair it" });
  }
  if (more.written.some(({ hex }) => /^[0-9a-fA-F]*[A-F][0-9a-fA-F]*$/.test(hex))) {
    sheet.problem("dependency-hash-malformed", `${facts.name}: old pip wants lower-case hashes`, {
      ...at,
      severity: "warning",
      fix: "write the hash in lower case",
    });
  }
  if (line.specifiers !== undefined && !isExact(line.specifiers)) {
    const message = `${facts.name}: the version is a range, which old pip refuses beside a hash`;
    sheet.problem("dependency-pinned", message, {
      ...at,
      severity: "warning",
      fix: "write the version with ==",
    });
  }
}

/** Exactly one `==` without a wildcard, or `===`: what pip 23 calls pinned. */
function isExact(specifiers: readonly string[]): boolean {
  const [only] = specifiers;
  return specifiers.length === 1 && /^={2,3}[^=]/.test(only ?? "") && !only?.endsWith(".*");
}

function named(source: string): { url: string } | { filename: string } {
  return /^[a-z+]+:/i.test(source)
    ? { url: source }
    : { filename: source.slice(source.lastIndexOf("/") + 1) };
}

function place(facts: Facts): {
  path: string | undefined;
  line: number | undefined;
  subject: string;
} {
  return { path: facts.path, line: facts.line, subject: facts.name };
}

const HASHES =
  "write the hashes with: pip-compile --generate-hashes, or uv pip compile --generate-hashes";
