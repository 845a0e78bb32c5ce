import { createHash, hash, type Hash } from "node:crypto";
import type { DigestAlgorithm } from "@mlsign/core";
import { loadBlake3 } from "./blake3.ts";

/** What a signature may use, and `md5`: an identifier (DVC), never integrity. */
export type HashAlgorithm = DigestAlgorithm | "md5";

/** Digests of one content, in lower-case hexadecimal. */
export type Digests = { readonly [A in HashAlgorithm]?: string };

/** One running hash. `digest` gives lower-case hexadecimal and starts again. */
export interface Hasher {
  readonly algorithm: HashAlgorithm;
  update(bytes: Uint8Array): void;
  digest(): string;
  /** The digest of these bytes alone; nothing may have been updated before. */
  once(bytes: Uint8Array): string;
}

/** The length of a digest in bytes. */
export function digestLength(algorithm: HashAlgorithm): number {
  return ALGORITHMS[algorithm].bytes;
}

export async function createHashers(algorithms: readonly HashAlgorithm[]): Promise<Hasher[]> {
  const hashers: Hasher[] = [];
  for (const algorithm of new Set(algorithms)) hashers.push(await ALGORITHMS[algorithm].create());
  return hashers;
}

/** A hash of node:crypto, which OpenSSL does with the machine's own instructions. */
class NodeHasher implements Hasher {
  readonly algorithm: HashAlgorithm;
  readonly #name: string;
  #hash: Hash | undefined;

  constructor(algorithm: HashAlgorithm, name: string) {
    this.algorithm = algorithm;
    this.#name = name;
  }

  update(bytes: Uint8Array): void {
    this.#hash ??= createHash(this.#name);
    this.#hash.update(bytes);
  }

  digest(): string {
    const running = this.#hash ?? createHash(this.#name);
    this.#hash = undefined;
    return running.digest("hex");
  }

  once(bytes: Uint8Array): string {
    return hash(this.#name, bytes, "hex");
  }
}

interface Entry {
  readonly bytes: number;
  create(): Hasher | Promise<Hasher>;
}

const ALGORITHMS: Readonly<Record<HashAlgorithm, Entry>> = {
  sha256: { bytes: 32, create: () => new NodeHasher("sha256", "sha256") },
  blake2b: { bytes: 64, create: () => new NodeHasher("blake2b", "blake2b512") },
  blake3: { bytes: 32, create: () => loadBlake3() },
  md5: { bytes: 16, create: () => new NodeHasher("md5", "md5") },
};
