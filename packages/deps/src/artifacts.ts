import type { Artifact, Hash } from "./entry.ts";
import { judgeHash, type JudgedHash } from "./hashes.ts";
import type { Facts, Sheet } from "./sheet.ts";

/** An artifact as a lock file writes it: hashes as `algorithm:hex`. */
export interface RawArtifact {
  readonly filename?: string | undefined;
  readonly url?: string | undefined;
  readonly hashes: readonly string[];
}

/**
 * Judges a locked package: every artifact that an installer may pick, on any machine, must have
 * a strong hash of the right length.
 */
export function judgeArtifacts(sheet: Sheet, facts: Facts, raw: readonly RawArtifact[]): void {
  const judged = raw.map(({ filename, url, hashes }) => ({
    artifact: { filename, url },
    hashes: hashes.map(judgeHash),
  }));
  const artifacts = judged.map(({ artifact, hashes }) => toArtifact(artifact, hashes));
  const full: Facts = { ...facts, artifacts, hashes: artifacts.flatMap((one) => one.hashes) };
  if (raw.length === 0) {
    sheet.unpinned(full, "dependency-pinned", "no artifact is listed", FIX);
    return;
  }
  const bad = judged.flatMap(({ hashes }) => hashes).find((h) => h.verdict === "malformed");
  if (bad !== undefined) {
    sheet.unpinned(full, "dependency-hash-malformed", `a hash ${bad.problem}`, FIX);
    return;
  }
  const bare = judged.filter(({ hashes }) => hashes.length === 0).length;
  if (bare > 0) {
    const reason = raw.length === 1 ? "no hash" : `${bare} of ${raw.length} artifacts have no hash`;
    sheet.unpinned(full, "dependency-pinned", reason, FIX);
    return;
  }
  const weak = judged.find(({ hashes }) => hashes.every((h) => h.verdict === "weak"));
  if (weak !== undefined) {
    sheet.unpinned(full, "dependency-hash-weak", `a hash ${weak.hashes[0]?.problem}`, FIX);
    return;
  }
  sheet.pinned(full, "every artifact has a hash");
}

/** Whether a file name or URL is a source distribution: what pip builds before it installs. */
export function isSdist(name: string): boolean {
  return /\.(?:tar\.gz|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma|zip)$/i.test(
    name.replace(/[?#].*$/s, ""),
  );
}

/** A package that can only be built runs code that its own hash does not cover. */
export function tellBuild(sheet: Sheet, facts: Facts): void {
  sheet.problem(
    "dependency-build-unpinned",
    `${facts.name} has no wheel: it is built with requirements that no hash covers`,
    {
      line: facts.line,
      path: facts.path,
      subject: facts.name,
      fix: "depend on a wheel: build it once in a place you trust, and pin that",
      severity: sheet.policy.allowBuilds === true ? "note" : "error",
    },
  );
}

function toArtifact(
  { filename, url }: { filename: string | undefined; url: string | undefined },
  hashes: readonly JudgedHash[],
): Artifact {
  const usable: Hash[] = hashes.filter((h) => h.verdict !== "malformed").map(({ hash }) => hash);
  return {
    ...(filename === undefined ? {} : { filename }),
    ...(url === undefined ? {} : { url }),
    hashes: usable,
  };
}

const FIX = "lock again with a tool that records the sha256 of every artifact";
