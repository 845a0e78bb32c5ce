import { finding, type Finding, MlsignError } from "@mlsign/core";
import { LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import { parseLocation } from "@mlsign/objects";
import { readPins, STORAGE_PINS, type Target } from "@mlsign/storage";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { requireTrust, verifiedClaims } from "../verify/verified-claims.ts";
import type { Source } from "./source.ts";

/** The objects that claims by a trusted signer pin: of the model itself, and of its data. */
export async function pinSources(
  model: string,
  flags: TrustFlags,
  host: Host,
): Promise<{ readonly sources: readonly Source[]; readonly findings: readonly Finding[] }> {
  const location = locateModel(model, host.cwd);
  const resolved = await requireTrust(flags, host);
  const { manifest, listing } = await claimManifest(location, {}, host);
  const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  const claims = await verifiedClaims(claimsFiles(location), identity, resolved, host, location);
  const own = claims.filter(
    ({ statement }) =>
      statement?.predicateType === STORAGE_PINS || statement?.predicateType === LINEAGE_PREDICATE,
  );
  const good = own.filter(({ status }) => status === "counts");
  // Whoever could append a line must not choose what is looked at; where nobody else did, it is told.
  const findings = good.length > 0 ? [] : own.flatMap((claim) => claim.findings);
  const remotes = new Map<string, Map<string, Target>>();
  const add = (remote: string, target: Target): void => {
    const targets = remotes.get(remote) ?? new Map<string, Target>();
    targets.set(`${target.key}\n${target.expected.versionId ?? ""}`, target);
    remotes.set(remote, targets);
  };
  for (const { statement, line } of good) {
    if (statement === undefined) continue;
    const source = `${line.file}#${line.line}`;
    try {
      if (statement.predicateType === STORAGE_PINS) {
        const { remote, objects } = readPins(statement.predicate);
        for (const { key, versionId, size, sha256, checksums } of objects)
          add(remote, { key, expected: { versionId, size, sha256, md5: checksums.MD5, source } });
      } else {
        for (const { pins } of readLineage(statement.predicate).datasets)
          for (const { remote, objects } of pins)
            for (const { key, versionId, size, checksums } of objects)
              add(remote, { key, expected: { versionId, size, md5: checksums.MD5, source } });
      }
    } catch (error) {
      // Another tool's provenance pins nothing here.
      if (!(error instanceof MlsignError) || error.code !== "manifest-invalid") throw error;
    }
  }
  const sources = [...remotes].map(([url, targets]): Source => {
    const list = [...targets.values()];
    return {
      url,
      location: parseLocation(url),
      exact: false,
      targets: async () => Promise.resolve({ targets: list, findings: [] }),
    };
  });
  if (sources.length > 0) return { sources, findings };
  const message = "no claim by a trusted signer pins an object of this model or of its data";
  const fix = "mlsign storage pin MODEL s3://BUCKET/PREFIX, or mlsign lineage record --remote NAME";
  return {
    sources,
    findings: [...findings, finding("storage-resolved", "fail", message, { subject: model, fix })],
  };
}
