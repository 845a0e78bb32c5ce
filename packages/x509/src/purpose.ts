import type { Certificate } from "./certificate.ts";

export const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
export const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/** An authority has the cA bit and, with it, keyCertSign (RFC 5280 4.2.1.3 and 4.2.1.9). */
export function isAuthority(certificate: Certificate): boolean {
  return certificate.cA && certificate.keyUsage?.has("keyCertSign") === true;
}

/** Why a certificate must not sign for a purpose, or `undefined` where it may. */
export function purposeFault(certificate: Certificate, purpose: string): string | undefined {
  if (isAuthority(certificate)) return "it is a certificate authority";
  if (certificate.keyUsage?.has("digitalSignature") !== true) {
    return "its key usage lacks digitalSignature";
  }
  if (certificate.extendedKeyUsage?.includes(purpose) !== true) {
    const wanted = purpose === CODE_SIGNING ? "codeSigning" : "timeStamping";
    return `its extended key usage lacks ${wanted}`;
  }
  if (certificate.unknownCritical.length > 0) {
    return `it has the unknown critical extension ${certificate.unknownCritical.join(", ")}`;
  }
  return undefined;
}
