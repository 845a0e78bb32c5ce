import { byUtf8 } from "@mlsign/core";
import type { PinView } from "@mlsign/deps";
import type { BomDependency, BomDigest } from "@mlsign/sbom";

export interface BomDependencies {
  readonly dependencies: readonly BomDependency[];
  /** Pins without a version, which a bill of materials could not name. */
  readonly left: readonly string[];
}

/**
 * The packages that lock files pin, as a bill of materials names them: each once, with every
 * artifact that any of the files allows. Images and actions are no packages.
 */
export function bomDependencies(pins: readonly PinView[]): BomDependencies {
  const byKey = new Map<string, BomDependency & { artifacts: Artifact[] }>();
  const left = new Set<string>();
  for (const pin of pins) {
    if (!PACKAGES.has(pin.ecosystem)) continue;
    const { ecosystem, version, purl } = pin;
    if (version === undefined) {
      left.add(pin.name);
      continue;
    }
    // PEP 503: one project has many spellings.
    const name =
      ecosystem === "pypi" ? pin.name.toLowerCase().replaceAll(/[-_.]+/g, "-") : pin.name;
    const key = `${ecosystem}:${name}@${version}`;
    const known = byKey.get(key) ?? {
      ecosystem,
      name,
      version,
      ...(purl !== undefined && { purl }),
      artifacts: [],
    };
    for (const artifact of artifactsOf(pin)) {
      const text = JSON.stringify(artifact);
      if (!known.artifacts.some((one) => JSON.stringify(one) === text)) {
        known.artifacts.push(artifact);
      }
    }
    byKey.set(key, known);
  }
  return {
    dependencies: [...byKey].toSorted(([a], [b]) => byUtf8(a, b)).map(([, one]) => one),
    left: [...left].toSorted(byUtf8),
  };
}

type Artifact = NonNullable<BomDependency["artifacts"]>[number];

function artifactsOf({ artifacts, hashes }: PinView): Artifact[] {
  const listed = artifacts ?? (hashes.length > 0 ? [{ hashes }] : []);
  return listed.flatMap((artifact) => {
    const digests = artifact.hashes.flatMap(({ algorithm, hex }): BomDigest[] =>
      LENGTHS[algorithm] === hex.length ? [{ algorithm, hex: hex.toLowerCase() }] : [],
    );
    if (digests.length === 0) return [];
    const { filename, url } = artifact;
    return [
      {
        ...(filename !== undefined && { filename }),
        ...(url !== undefined && { url }),
        hashes: digests,
      },
    ];
  });
}

const PACKAGES: ReadonlySet<string> = new Set(["pypi", "npm", "conda"]);
/** Hex digits; a digest of another length is none, which `deps check` tells. */
const LENGTHS: Readonly<Record<string, number>> = {
  md5: 32,
  sha1: 40,
  sha256: 64,
  sha384: 96,
  sha512: 128,
};
