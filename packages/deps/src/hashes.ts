import type { Hash } from "./entry.ts";

/** `weak` is an algorithm with known collisions, `malformed` can match no file. */
type HashVerdict = "strong" | "weak" | "malformed";

export interface JudgedHash {
  readonly verdict: HashVerdict;
  readonly hash: Hash;
  /** What is wrong, where something is. */
  readonly problem?: string;
}

/** Judges `algorithm:hex` as lock files write it. */
export function judgeHash(text: string): JudgedHash {
  const colon = text.indexOf(":");
  if (colon < 0) return malformed({ algorithm: "", hex: text }, "has no algorithm");
  return judgeDigest(text.slice(0, colon), text.slice(colon + 1));
}

/** Judges a digest: the algorithm is on the list, and the hexadecimal has its length. */
export function judgeDigest(algorithm: string, hex: string): JudgedHash {
  const hash = { algorithm: algorithm.toLowerCase(), hex: hex.toLowerCase() };
  const bytes = BYTES.get(algorithm);
  if (bytes === undefined) {
    return malformed(hash, `has the unknown algorithm "${algorithm}"`);
  }
  if (!/^[0-9a-fA-F]*$/.test(hex)) return malformed(hash, `is not hexadecimal: "${hex}"`);
  if (hex.length !== bytes * 2) {
    return malformed(hash, `has ${hex.length} hexadecimal digits, wanted ${bytes * 2}`);
  }
  if (!STRONG.has(algorithm)) {
    return { verdict: "weak", hash, problem: `is ${algorithm}, wanted sha256 or stronger` };
  }
  return { verdict: "strong", hash };
}

function malformed(hash: Hash, problem: string): JudgedHash {
  return { verdict: "malformed", hash, problem };
}

const BYTES: ReadonlyMap<string, number> = new Map([
  ["md5", 16],
  ["sha1", 20],
  ["sha224", 28],
  ["sha256", 32],
  ["sha384", 48],
  ["sha512", 64],
]);
const STRONG: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);
