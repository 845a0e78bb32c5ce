import { readStatement } from "@mlsign/bundle";
import { MlsignError, parseJson } from "@mlsign/core";
import { matchSubject, readClaims } from "@mlsign/evidence";
import type { Manifest } from "@mlsign/manifest";
import {
  type BomTruth,
  type BomView,
  checkBom,
  readBom,
  SBOM_CLAIM_TYPE,
  validateBom,
} from "@mlsign/sbom";
import { claimsFiles } from "../model/claims-location.ts";
import type { ModelLocation } from "../model/model-location.ts";
import type { ClaimDraft } from "../sign/attest-draft.ts";

/**
 * The claim that a bill of materials is a model's, with what the validator and the comparison with
 * the truth found. Whether to sign it is the caller's to decide.
 */
export async function sbomClaim(bom: Uint8Array | string, truth: BomTruth): Promise<ClaimDraft> {
  const form = await validateBom(bom);
  return {
    predicateType: SBOM_CLAIM_TYPE,
    predicate: parseJson(bom),
    findings: [...form, ...checkBom(readBom(bom), truth)],
  };
}

/**
 * The last bill of materials in the claims that says it is of this model. Nobody has verified who
 * signed it: it is fit to be contradicted, not to be trusted.
 */
export function standingBom(
  location: ModelLocation,
  name: string,
  manifest: Manifest,
): { readonly line: number; readonly view: BomView } | undefined {
  const model = { name, root: manifest.root, dirHash1: manifest.dirHash1 };
  for (const { line, bundle } of readClaims(claimsFiles(location)).toReversed()) {
    if (bundle?.content.kind !== "dsse") continue;
    try {
      const { subject, predicateType, predicate } = readStatement(bundle.content.payload);
      if (predicateType !== SBOM_CLAIM_TYPE) continue;
      if (!subject.some((one) => matchSubject(one, model) === "both")) continue;
      return { line, view: readBom(JSON.stringify(predicate)) };
    } catch (error) {
      // A line that is damaged hides no other one.
      if (!(error instanceof MlsignError)) throw error;
    }
  }
  return undefined;
}
