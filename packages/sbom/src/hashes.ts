/** Names and lengths (in hex digits) of CycloneDX's hash algorithms. */
export const HASH_LENGTHS: Readonly<Record<string, number>> = {
  MD5: 32,
  "SHA-1": 40,
  "SHA-256": 64,
  "SHA-384": 96,
  "SHA-512": 128,
  "SHA3-256": 64,
  "SHA3-384": 96,
  "SHA3-512": 128,
  "BLAKE2b-256": 64,
  "BLAKE2b-384": 96,
  "BLAKE2b-512": 128,
  "Streebog-256": 64,
  "Streebog-512": 128,
};

/** `sha256` and `SHA256` as CycloneDX writes it; other names are returned as they are. */
export function hashName(algorithm: string): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
  return Object.keys(HASH_LENGTHS).find((name) => plain(name) === plain(algorithm)) ?? algorithm;
}
