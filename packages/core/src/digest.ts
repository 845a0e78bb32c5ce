import { createHash, timingSafeEqual } from "node:crypto";

/** Names as OMS records them: BLAKE2b is the 64-byte form, BLAKE3 the 32-byte one. */
export type DigestAlgorithm = "sha256" | "blake2b" | "blake3";

export function sha256(data: Uint8Array | string): Buffer {
  return createHash("sha256").update(data).digest();
}

export function hexOf(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");
}

/** Whether a text is lower-case hexadecimal of exactly `bytes` bytes. */
export function isHex(text: string, bytes: number): boolean {
  return text.length === bytes * 2 && /^[0-9a-f]*$/.test(text);
}

export function equalHex(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "utf8"), Buffer.from(b, "utf8")];
  return left.length === right.length && timingSafeEqual(left, right);
}
