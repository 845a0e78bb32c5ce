import { hexOf, printable, sha256 } from "@mlsign/core";
import { type DependencyPolicyFlags, judgeLocks } from "../deps/lock-files.ts";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { sbomClaim } from "./sbom-claim.ts";
import { readBomFile } from "./sbom-file.ts";
import { bomTruth } from "./sbom-truth.ts";

export interface AttestSbomOptions
  extends SignerFlags, ClaimManifestOptions, DependencyPolicyFlags {
  readonly sbom: string;
  readonly deps?: readonly string[];
  readonly json?: boolean;
}

/** Signs that a bill of materials is a model's, after it was checked against the model. */
export async function attestSbom(
  model: string,
  options: AttestSbomOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const { bytes } = readBomFile(options.sbom, host);
  const locks = options.deps === undefined ? undefined : judgeLocks(options.deps, options, host);
  const resolved = await resolveSigner(options, host, "claim");
  const { manifest, listing } = await claimManifest(location, options, host);
  return attestDraft(
    await sbomClaim(bytes, bomTruth(manifest, { locks })),
    { location, manifest, listing, resolved },
    {
      command: "sbom attest",
      model,
      what: `the bill of materials ${printable(options.sbom)}`,
      evidence: { sbom: options.sbom, sha256: hexOf(sha256(bytes)) },
      json: options.json ?? false,
    },
    host,
  );
}
