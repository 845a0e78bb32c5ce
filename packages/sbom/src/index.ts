/** Makes and checks CycloneDX ML-BOMs. @module */
export { checkBom } from "./check.ts";
export { createBom } from "./create.ts";
export { SBOM_CLAIM_TYPE } from "./claim-type.ts";
export { readBom } from "./view.ts";
export { validateBom } from "./validate.ts";

export type { BomAncestor, BomComponent, BomHash, BomView } from "./view.ts";
export type { BomDataset, BomDependency, BomDigest, BomFacts } from "./facts.ts";
export type { BomTruth } from "./check.ts";
