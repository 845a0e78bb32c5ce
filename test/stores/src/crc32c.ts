/** CRC-32C (Castagnoli), base64 as Google Cloud Storage has it. */
export function crc32c(content: Uint8Array): string {
  let crc = 0xff_ff_ff_ff;
  for (const byte of content) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  const out = Buffer.alloc(4);
  out.writeUInt32BE((crc ^ 0xff_ff_ff_ff) >>> 0);
  return out.toString("base64");
}

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1 ? 0x82_f6_3b_78 : 0) ^ (value >>> 1);
  return value >>> 0;
});
