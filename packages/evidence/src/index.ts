/** The claims of one model: collected, attested, verified. @module */
export { appendClaims, readClaims } from "./claims-file.ts";
export { packEvidence, readEvidence } from "./archive.ts";
export { attestClaim } from "./attest.ts";
export { claimSubject, matchSubject } from "./subject.ts";
export { claimSigner } from "./signer.ts";
export { verifyClaims } from "./verify-claims.ts";

export type { EvidenceArchive, EvidenceFile, EvidenceIndex, EvidencePart } from "./archive.ts";
export type { AttestOptions, NewClaim } from "./attest.ts";
export type { ClaimLine } from "./claims-file.ts";
export type { ClaimSigner } from "./signer.ts";
export type { ModelIdentity, SubjectMatch } from "./subject.ts";
export type { VerifiedClaim, VerifyClaimsOptions } from "./verify-claims.ts";
