import type { StoredChecksum } from "@mlsign/objects";
import type { Expectation, Reason } from "./verdict.ts";

interface Bytes {
  readonly size: number;
  readonly etag: string | undefined;
  readonly md5: string | undefined;
  readonly checksums: readonly StoredChecksum[];
}

/**
 * The stored bytes against the expected ones, as far as the store's own digests go: a checksum over
 * the checksums of parts compares with nothing.
 */
export function judgeBytes(stored: Bytes, expected: Expectation): Reason[] {
  const differs = (code: string, what: string): Reason => ({
    check: "STO-020",
    code,
    verdict: "tampered",
    message: what,
    fix: "restore the signed version, or find out who wrote this one",
  });
  const { size, md5, sha256, etag } = expected;
  const reasons: Reason[] = [];
  if (size !== undefined && size !== stored.size) {
    reasons.push(differs("size-differs", `it has ${stored.size} bytes, and ought to have ${size}`));
  }
  const own = storedSha256(stored.checksums);
  if (sha256 !== undefined && own !== undefined && own !== sha256) {
    reasons.push(differs("digest-differs", "its SHA-256 is not the expected one"));
  }
  if (md5 !== undefined && stored.md5 !== undefined && stored.md5 !== md5) {
    reasons.push(differs("etag-md5-differs", "its MD5 is not the one that its name says"));
  }
  if (etag !== undefined && stored.etag !== undefined && etag !== stored.etag) {
    reasons.push(differs("etag-differs", "its ETag is not the pinned one"));
  }
  const compared =
    (md5 !== undefined && stored.md5 !== undefined) ||
    (sha256 !== undefined && own !== undefined) ||
    (etag !== undefined && stored.etag !== undefined);
  if (!compared && (md5 ?? sha256 ?? etag) !== undefined) {
    reasons.push({
      check: "STO-020",
      code: "digest-not-comparable",
      verdict: "protected",
      message: "the store has no digest of the whole content to compare with",
    });
  }
  return reasons;
}

function storedSha256(checksums: readonly StoredChecksum[]): string | undefined {
  const found = checksums.find(({ algorithm, whole }) => algorithm === "SHA256" && whole);
  return found && Buffer.from(found.value, "base64").toString("hex");
}
