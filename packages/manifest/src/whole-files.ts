import { dirHash1, rootOf } from "./digests.ts";
import { sortByName } from "./listing.ts";
import type { Manifest } from "./manifest.ts";

/**
 * The manifest of the same tree as whole files by SHA-256, which is what claims are about, from
 * digests that were taken in the same pass (`also: ["sha256"]`).
 *
 * @throws Error where the digests were not taken
 */
export function wholeFiles(manifest: Manifest): Manifest {
  const { serialization } = manifest;
  if (serialization.method === "files" && serialization.hashType === "sha256") return manifest;
  const resources = manifest.files.map(({ path, digests }) => {
    if (digests.sha256 === undefined) throw new Error("No sha256 digest was taken");
    return { name: path, algorithm: "sha256" as const, digest: digests.sha256 };
  });
  sortByName(resources, ({ name }) => name);
  const { allowSymlinks, ignorePaths } = serialization;
  const newline = resources.some(({ name }) => name.includes("\n"));
  return {
    ...manifest,
    serialization: { method: "files", hashType: "sha256", allowSymlinks, ignorePaths },
    resources,
    root: rootOf(resources),
    dirHash1: newline
      ? undefined
      : dirHash1(resources.map(({ name, digest }) => ({ path: name, sha256: digest }))),
  };
}
