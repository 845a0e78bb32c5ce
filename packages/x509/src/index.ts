/** Certificates (RFC 5280): names, purposes, Fulcio's claims, and paths to a trust anchor. @module */
export { parseCertificate, parseCertificates } from "./certificate.ts";
export { fulcioClaims } from "./fulcio.ts";
export { certificatePath } from "./path.ts";
export { isAuthority, purposeFault, TIME_STAMPING, CODE_SIGNING } from "./purpose.ts";

export type { Certificate } from "./certificate.ts";
export type { FulcioClaims } from "./fulcio.ts";
export type { SubjectName } from "./names.ts";
export type { CertificatePath, PathOptions } from "./path.ts";
