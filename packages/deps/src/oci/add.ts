import { judgeHash } from "../hashes.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { hasVariable } from "./variables.ts";

/** `ADD` of a URL: `--checksum=sha256:…` pins a file, a commit as fragment pins a git repository. */
export function judgeAdd(
  sheet: Sheet,
  flags: readonly string[],
  words: readonly string[],
  line: number,
): void {
  const checksum = flags
    .find((flag) => flag.startsWith("--checksum="))
    ?.slice("--checksum=".length);
  // The last word is where it goes.
  for (const source of sourcesOf(words)) {
    const facts: Facts = { ecosystem: "generic", name: source, line };
    if (isGit(source)) judgeGit(sheet, facts, source, checksum);
    else if (/^https?:/i.test(source)) judgeFile(sheet, facts, checksum);
  }
}

function sourcesOf(words: readonly string[]): string[] {
  const text = words.join(" ");
  if (!text.startsWith("[")) return words.slice(0, -1);
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(String).slice(0, -1) : [];
  } catch {
    return words.slice(0, -1);
  }
}

function isGit(source: string): boolean {
  return /^(?:git@|git:|ssh:)/.test(source) || /^https?:\/\/[^#?]*\.git(?:[#?]|$)/.test(source);
}

function judgeGit(sheet: Sheet, facts: Facts, source: string, checksum: string | undefined): void {
  const ref =
    checksum ?? /#([^:]*)/.exec(source)?.[1] ?? /[?&](?:commit|checksum)=([^&]*)/.exec(source)?.[1];
  if (ref !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) {
    sheet.commit(facts, "is pinned to a commit, whose bytes no hash covers");
  } else {
    const reason = "names a branch or tag, which can move";
    sheet.unpinned(facts, "dependency-pinned", reason, "add #, and the full commit");
  }
}

function judgeFile(sheet: Sheet, facts: Facts, checksum: string | undefined): void {
  const fix = "add --checksum=sha256:…";
  if (checksum === undefined) {
    sheet.unpinned(facts, "dependency-pinned", "is downloaded without a checksum", fix);
    return;
  }
  if (hasVariable(checksum)) {
    sheet.unknown(facts, "its checksum is a variable", "write the checksum itself");
    return;
  }
  const { verdict, hash, problem } = judgeHash(checksum);
  const full: Facts = {
    ...facts,
    hashes: [hash],
    artifacts: [{ url: facts.name, hashes: [hash] }],
  };
  if (verdict === "strong") sheet.pinned(full, "has a checksum");
  else if (verdict === "weak")
    sheet.unpinned(full, "dependency-hash-weak", `its checksum ${problem}`, fix);
  else sheet.unpinned(facts, "dependency-hash-malformed", `its checksum ${problem}`, fix);
}
