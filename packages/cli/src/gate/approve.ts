import { EXIT, printable } from "@mlsign/core";
import { APPROVAL_PREDICATE, approvalPredicate, approvalProperty } from "@mlsign/gate";
import type { Host } from "../host.ts";
import { placeOf } from "../model/brought-model.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { writeClaims } from "../sign/write-claims.ts";
import { say, writeJson } from "../terminal/output.ts";
import { checkTarget } from "./target.ts";

export interface ApproveOptions extends SignerFlags {
  readonly to: string;
  readonly mlflowUri?: string;
  readonly json?: boolean;
}

/** Signs that a person approves of these very bytes for a target. */
export async function approveModel(
  model: string,
  options: ApproveOptions,
  host: Host,
): Promise<number> {
  checkTarget(options.to);
  const location = locateModel(placeOf(model, host), host.cwd);
  const resolved = await resolveSigner(options, host, "claim");
  const { manifest, listing } = await claimManifest(location, {}, host);
  const predicate = approvalPredicate(options.to, host.clock());
  const target = { location, manifest, listing, resolved };
  const { file, added } = await writeClaims(
    [{ predicateType: APPROVAL_PREDICATE, predicate }],
    target,
    host,
  );
  say(host, `added the approval for ${printable(options.to)} to ${printable(file)}`);
  if (options.json) {
    const { root, dirHash1 = null } = manifest;
    writeJson(host, {
      schema: "urn:mlsign:approve:v1",
      model,
      to: options.to,
      property: approvalProperty(options.to),
      claims: file,
      added,
      root,
      dirHash1,
    });
  }
  return EXIT.accepted;
}
