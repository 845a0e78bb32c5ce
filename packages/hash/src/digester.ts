import { createHashers, type Digests, type HashAlgorithm, type Hasher } from "./algorithms.ts";

/** Several digests of one stream. `digest` starts again, so that one digester serves many files. */
export interface Digester {
  update(bytes: Uint8Array): void;
  digest(): Digests;
}

/** A digester for bytes that arrive in pieces, as those of an archive do. */
export async function createDigester(algorithms: readonly HashAlgorithm[]): Promise<Digester> {
  const hashers = await createHashers(algorithms);
  return {
    update: (bytes) => {
      for (const hasher of hashers) hasher.update(bytes);
    },
    digest: () => finish(hashers),
  };
}

export function finish(hashers: readonly Hasher[]): Digests {
  const digests: { [A in HashAlgorithm]?: string } = {};
  for (const hasher of hashers) digests[hasher.algorithm] = hasher.digest();
  return digests;
}
