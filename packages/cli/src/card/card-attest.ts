import { hexOf, printable, sha256 } from "@mlsign/core";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { standingBom } from "../sbom/sbom-claim.ts";
import { readBomFile } from "../sbom/sbom-file.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { say } from "../terminal/output.ts";
import { cardClaim } from "./card-claim.ts";
import { readCard } from "./card-file.ts";
import { cardPolicy, type CardPolicyFlags } from "./card-policy.ts";

export interface AttestCardOptions extends SignerFlags, CardPolicyFlags, ClaimManifestOptions {
  readonly card: string;
  readonly sbom?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** Signs that a card is a model's, after it was checked against the model. */
export async function attestCard(
  model: string,
  options: AttestCardOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const read = readCard(options.card, host);
  const policy = cardPolicy(options, host);
  const given = options.sbom === undefined ? undefined : readBomFile(options.sbom, host).view;
  const resolved = await resolveSigner(options, host, "claim");
  const { manifest, listing } = await claimManifest(location, options, host);
  const standing = given === undefined ? standingBom(location, listing.name, manifest) : undefined;
  if (standing !== undefined) {
    say(host, `compared with the bill of materials in line ${standing.line} of the claims`);
  }
  const bom = given ?? standing?.view;
  const draft = cardClaim(
    read,
    { location, manifest },
    { policy, ...(bom && { bom }), ...(options.url !== undefined && { url: options.url }) },
  );
  return attestDraft(
    draft,
    { location, manifest, listing, resolved },
    {
      command: "card attest",
      model,
      what: `the card ${printable(read.shown)}`,
      evidence: { card: read.shown, sha256: hexOf(sha256(read.bytes)) },
      json: options.json ?? false,
    },
    host,
  );
}
