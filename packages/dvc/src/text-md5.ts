import { createHash } from "node:crypto";

/** A running `md5-dos2unix`, what DVC before 3 called the MD5 of a file. */
export interface TextMd5 {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/**
 * DVC read files in chunks of 1 MiB; in a chunk whose first 512 bytes look like text, CRLF
 * becomes LF, but not where the two bytes lie in two chunks (lineage.md 1.3).
 */
export function createTextMd5(): TextMd5 {
  const hash = createHash("md5");
  const chunk = Buffer.alloc(CHUNK);
  let filled = 0;
  const flush = (): void => {
    const bytes = chunk.subarray(0, filled);
    hash.update(looksLikeText(bytes.subarray(0, 512)) ? dos2unix(bytes) : bytes);
    filled = 0;
  };
  return {
    update: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const taken = Math.min(CHUNK - filled, bytes.length - at);
        chunk.set(bytes.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled === CHUNK) flush();
      }
    },
    digest: () => {
      if (filled > 0) flush();
      return hash.digest("hex");
    },
  };
}

/** Empty is text, a NUL is not; else at most 30 % of bytes outside printable ASCII and \n \r \t \f \b. */
function looksLikeText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  let odd = 0;
  for (const byte of bytes) {
    const plain = (byte >= 32 && byte <= 126) || [10, 13, 9, 12, 8].includes(byte);
    if (!plain) odd += 1;
  }
  return bytes.length === 0 || odd / bytes.length <= 0.3;
}

function dos2unix(bytes: Buffer): Buffer {
  const kept = Buffer.alloc(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 13 && bytes[at + 1] === 10) continue;
    kept[length] = bytes[at] ?? 0;
    length += 1;
  }
  return kept.subarray(0, length);
}

const CHUNK = 1024 * 1024;
