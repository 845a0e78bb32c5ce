import type { CheckedDependencies } from "@mlsign/deps";
import type { LineageFacts, readLineage } from "@mlsign/lineage";
import type { Manifest } from "@mlsign/manifest";
import type { BomDataset, BomTruth } from "@mlsign/sbom";
import { bomDependencies } from "./bom-dependencies.ts";

/** What a bill of materials is compared with: the model's bytes, and what else is known. */
export function bomTruth(
  manifest: Manifest,
  known: {
    readonly locks?: CheckedDependencies | undefined;
    readonly lineage?: Omit<BomTruth, "files" | "root" | "dependencies"> | undefined;
  },
): BomTruth {
  const { locks, lineage } = known;
  return {
    files: bomFiles(manifest),
    root: manifest.root,
    ...(locks && { dependencies: bomDependencies(locks.entries).dependencies }),
    ...lineage,
  };
}

export function bomFiles(
  manifest: Manifest,
): readonly { readonly path: string; readonly size: number; readonly sha256: string }[] {
  return manifest.files.map(({ path, size, digests }) => ({
    path,
    size,
    sha256: digests.sha256 ?? "",
  }));
}

/** What a lineage claim says, as far as a bill of materials says it too. */
export function truthOfLineage(
  claim: ReturnType<typeof readLineage>,
): Omit<BomTruth, "files" | "root" | "dependencies"> {
  const [source] = claim.commits;
  const [container] = claim.containers;
  const datasets = claim.datasets.map(({ path, sha256, oid }): BomDataset => ({
    name: path,
    dvcOid: oid,
    ...(sha256 !== undefined && { sha256 }),
  }));
  const baseModels = claim.baseModels.map(({ name, root }) => ({ name, root }));
  return {
    ...(datasets.length > 0 && { datasets }),
    ...(baseModels.length > 0 && { baseModels }),
    ...(source !== undefined && { commit: source.commit }),
    ...(container !== undefined && {
      container: { reference: container.uri, digest: container.digest },
    }),
  };
}

export function datasetsOf({ datasets }: LineageFacts): BomDataset[] {
  return datasets.map(({ path, oid, sha256 }) => ({
    name: path,
    path,
    dvcOid: oid,
    ...(sha256 !== undefined && { sha256 }),
  }));
}
