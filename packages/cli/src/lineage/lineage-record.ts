import { EXIT, printable } from "@mlsign/core";
import { parseReference } from "@mlsign/oci";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { writeClaims } from "../sign/write-claims.ts";
import { say, writeJson } from "../terminal/output.ts";
import { containerExists } from "./container-lookup.ts";
import { lineageClaim, type LineageFlags, lineageOf } from "./lineage-claim.ts";

export interface RecordOptions extends SignerFlags, LineageFlags {
  readonly ignorePath?: readonly string[];
  readonly allowSymlinks?: boolean;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Collects a model's lineage and signs it as a claim beside the model. */
export async function recordLineage(
  model: string,
  options: RecordOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const resolved = await resolveSigner(options, host, "claim");
  const facts = await lineageOf(options, location, host);
  const looked = options.offline ? [] : await lookUp(options.container, host);
  const missing = [...facts.missing, ...looked];
  for (const what of missing) say(host, `missing: ${printable(what)}`);
  const claim = lineageClaim({ ...facts, missing }, host);
  const { manifest, listing } = await claimManifest(location, options, host);
  const target = { location, manifest, listing, resolved };
  const { file, added } = await writeClaims([claim], target, host);
  say(host, `added the lineage to ${printable(file)}`);
  if (options.json) {
    const { root, dirHash1 = null } = manifest;
    const { predicate } = claim;
    writeJson(host, {
      schema: "urn:mlsign:lineage-record:v1",
      model,
      claims: file,
      added,
      root,
      dirHash1,
      missing,
      predicate,
    });
  }
  return EXIT.accepted;
}

/** What the registry says of the container: while it is trained in, a mistake is cheap to mend. */
async function lookUp(reference: string | undefined, host: Host): Promise<string[]> {
  if (reference === undefined || parseReference(reference).digest === undefined) return [];
  const exists = await containerExists(reference, host);
  if (exists === undefined) return ["the registry of the container could not be asked"];
  return exists ? [] : ["the registry has no such container"];
}
