import { MlsignError } from "@mlsign/core";
import { type Certificate, CODE_SIGNING, purposeFault } from "@mlsign/x509";
import type { Signer } from "./signer.ts";

/**
 * A signer whose key has a certificate: `certificates` is the leaf, then its issuers in order.
 * What no verifier would accept is refused before anything is signed.
 *
 * @throws MlsignError `certificate-unsuitable`
 */
export function certificateSigner(
  signer: Signer,
  certificates: readonly Certificate[],
  now: Date,
): Signer {
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined) throw unsuitable("there is none");
  const purpose = purposeFault(leaf, CODE_SIGNING);
  if (purpose !== undefined) throw unsuitable(purpose);
  for (const certificate of certificates) {
    if (now < certificate.notBefore)
      throw unsuitable(`not valid before ${certificate.notBefore.toISOString()}`);
    if (now > certificate.notAfter)
      throw unsuitable(`expired at ${certificate.notAfter.toISOString()}`);
  }
  for (const [index, issuer] of issuers.entries()) {
    if (!certificates[index]?.signedBy(issuer)) {
      throw unsuitable(`the chain's certificate ${index + 2} did not issue the one before it`);
    }
  }
  return {
    sign: async (data) => {
      const signed = await signer.sign(data);
      if (!signed.publicKey.equals(leaf.publicKey)) throw unsuitable("it is for another key");
      return { ...signed, certificates: certificates.map(({ der }) => der) };
    },
  };
}

function unsuitable(why: string): MlsignError {
  return new MlsignError("certificate-unsuitable", `Cannot sign with certificate: ${why}`);
}
