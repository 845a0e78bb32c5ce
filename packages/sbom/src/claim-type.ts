/** The predicate is the bill of materials itself (what cosign calls `cyclonedx`). */
export const SBOM_CLAIM_TYPE = "https://cyclonedx.org/bom";
