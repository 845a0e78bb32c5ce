import type * as Addons from "@napi-rs/blake-hash";
import type { Hasher } from "./algorithms.ts";

/**
 * BLAKE3 by the native addon, else by WebAssembly, which every platform has at a fifth of the
 * speed. `native: false` takes the second at once.
 */
export async function loadBlake3(options: { native?: boolean } = {}): Promise<Hasher> {
  const addon =
    options.native === false ? undefined : await import("@napi-rs/blake-hash").catch(noAddon);
  return addon === undefined ? wasmHasher() : nativeHasher(addon);
}

type Addon = typeof Addons;

// Whatever keeps the addon from loading (no package for this platform, a bundle without it, a libc
// that is too old) leaves the portable form, which gives the same digests.
function noAddon(): undefined {
  return undefined;
}

function nativeHasher(addon: Addon): Hasher {
  const running = new addon.Blake3Hasher();
  return {
    algorithm: "blake3",
    update: (bytes) => {
      running.update(bytes);
    },
    digest: () => {
      const digest = running.digestBuffer().toString("hex");
      running.reset();
      return digest;
    },
    once: (bytes) => addon.blake3(bytes).toString("hex"),
  };
}

async function wasmHasher(): Promise<Hasher> {
  const { createBLAKE3 } = await import("hash-wasm");
  const running = (await createBLAKE3()).init();
  const digest = (): string => {
    const hex = running.digest("hex");
    running.init();
    return hex;
  };
  return {
    algorithm: "blake3",
    update: (bytes) => {
      running.update(bytes);
    },
    digest,
    once: (bytes) => {
      running.update(bytes);
      return digest();
    },
  };
}
