import { relative } from "node:path";
import { appendClaims, attestClaim, claimSubject, type NewClaim } from "@mlsign/evidence";
import type { Listing, Manifest } from "@mlsign/manifest";
import type { Host } from "../host.ts";
import { broughtName } from "../model/brought-model.ts";
import { newClaimsFile } from "../model/claims-location.ts";
import type { ModelLocation } from "../model/model-location.ts";
import type { ResolvedSigner } from "../options/signer-options.ts";
import { checkSignature } from "./self-check.ts";

/** The model that claims are about, and who signs them. */
export interface ClaimTarget {
  readonly location: ModelLocation;
  readonly manifest: Manifest;
  readonly listing: Listing;
  readonly resolved: ResolvedSigner;
}

/**
 * Signs claims about a model by one signer, so that keyless asks for one identity, checks each
 * signature as anybody would, and appends them all at once: all of them are there, or none.
 */
export async function writeClaims(
  claims: readonly NewClaim[],
  target: ClaimTarget,
  host: Host,
): Promise<{ readonly file: string; readonly added: number }> {
  const { location, manifest, listing, resolved } = target;
  const subject = claimSubject(listing.name, manifest);
  const texts: string[] = [];
  for (const { predicateType, predicate } of claims) {
    const signature = await attestClaim({ predicateType, predicate }, { subject, ...resolved });
    await checkSignature(signature, resolved, host.clock());
    texts.push(signature.text);
  }
  return appendTo(location, texts, host);
}

/** Appends signed claims where the model's claims are; a claim that stands there is not added. */
export function appendTo(
  location: ModelLocation,
  texts: readonly string[],
  host: Host,
): { readonly file: string; readonly added: number } {
  const file = newClaimsFile(location);
  const shown = broughtName(file, host) ?? relative(host.cwd, file);
  return { file: shown || file, added: appendClaims(file, texts) };
}
