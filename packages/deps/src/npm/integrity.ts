import { parse } from "ssri";
import type { Hash } from "../entry.ts";
import { judgeDigest } from "../hashes.ts";
import type { Facts, Sheet } from "../sheet.ts";

/**
 * Judges a Subresource Integrity string. npm takes the strongest algorithm that is there, so that
 * a weak hash beside a strong one does no harm.
 */
export function judgeIntegrity(sheet: Sheet, facts: Facts, integrity: string): void {
  const hashes = hashesOf(integrity);
  if (hashes === undefined) {
    sheet.unpinned(facts, "dependency-hash-malformed", `its integrity is "${integrity}"`, FIX);
    return;
  }
  const full: Facts = {
    ...facts,
    hashes,
    artifacts: (facts.artifacts ?? [{ hashes: [] }]).map((one) => ({ ...one, hashes })),
  };
  if (hashes.some(({ algorithm }) => STRONG.has(algorithm))) sheet.pinned(full, "has an integrity");
  else {
    const reason = `its integrity is ${hashes[0]?.algorithm}, wanted sha512`;
    sheet.unpinned(full, "dependency-hash-weak", reason, FIX);
  }
}

/** Hashes in hexadecimal; undefined where one is not the base64 of its algorithm's length. */
function hashesOf(integrity: string): Hash[] | undefined {
  const words = integrity.trim().split(/\s+/);
  const hashes: Hash[] = [];
  for (const word of words) {
    const parsed = parse(word, { single: true });
    if (parsed === null || parsed.digest === "") return undefined;
    const bytes = Buffer.from(parsed.digest, "base64");
    if (bytes.toString("base64") !== parsed.digest) return undefined;
    const judged = judgeDigest(parsed.algorithm, bytes.toString("hex"));
    if (judged.verdict === "malformed") return undefined;
    hashes.push(judged.hash);
  }
  return hashes;
}

const STRONG: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);
const FIX = "remove the entry, and let the package manager lock it again from the registry";
