import { EXIT, MlsignError, printable } from "@mlsign/core";
import { APPROVAL_PREDICATE, approvalPredicate, approvalProperty } from "@mlsign/gate";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { writeClaims } from "../sign/write-claims.ts";
import { say, writeJson } from "../terminal/output.ts";

export interface ApproveOptions extends SignerFlags {
  readonly to: string;
  readonly json?: boolean;
}

/** Signs that a person approves of these very bytes for a target. */
export async function approveModel(
  model: string,
  options: ApproveOptions,
  host: Host,
): Promise<number> {
  checkTarget(options.to);
  const location = locateModel(model, host.cwd);
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

/** @throws MlsignError `usage` */
export function checkTarget(to: string): void {
  if (/^[a-z][a-z0-9-]{0,63}$/.test(to)) return;
  throw new MlsignError("usage", `Cannot use the target ${printable(to)}`, {
    hint: "a target is named like prod or staging-eu",
  });
}
