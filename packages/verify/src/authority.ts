import { type Finding, finding, messageOf } from "@mlsign/core";
import { type Certificate, certificatePath, parseCertificate } from "@mlsign/x509";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { KeptCertificate } from "./kept-certificate.ts";
import { loadVerifier } from "./sigstore.ts";
import type { EstablishedTime } from "./trust.ts";
import { loadMaterial } from "./witnesses.ts";

/**
 * Checks that a trusted root's authority issued the leaf, at every established time (hybrid
 * model), and that certificate transparency logs know it (sigstore.md 5.7, 5.8).
 */
export async function checkFulcio(
  leaf: Certificate,
  times: readonly EstablishedTime[],
  root: TrustedRoot,
): Promise<Finding[]> {
  const distinct = [...new Map(times.map((time) => [time.at.toISOString(), time])).values()];
  const chain = distinct.map(({ at }) => checkChain(leaf, at, root));
  if (chain.some((result) => result.outcome === "fail")) return chain;
  return [...chain, await checkTransparency(leaf, distinct, root)];
}

function checkChain(leaf: Certificate, at: Date, root: TrustedRoot): Finding {
  const authorities = root.certificateAuthorities.filter(({ validFor }) => {
    return (!validFor?.start || validFor.start <= at) && (!validFor?.end || at <= validFor.end);
  });
  let fault = "no authority of the trusted root was valid then";
  for (const { certChain } of authorities) {
    const chain = (certChain?.certificates ?? []).map(({ rawBytes }) => parseCertificate(rawBytes));
    const result = certificatePath(leaf, { untrusted: chain, anchors: chain.slice(-1), at: [at] });
    if (!("fault" in result) && result.path.length > 1) {
      return finding(
        "certificate-chain",
        "pass",
        `issued by a trusted authority, valid at ${at.toISOString()}`,
      );
    }
    if ("fault" in result) fault = result.fault;
    if ("fault" in result && result.expired) {
      return finding("certificate-time", "fail", `the certificate was not valid: ${fault}`);
    }
  }
  return finding("certificate-chain", "fail", `the certificate is not trusted: ${fault}`);
}

async function checkTransparency(
  leaf: Certificate,
  times: readonly EstablishedTime[],
  root: TrustedRoot,
): Promise<Finding> {
  const { Verifier } = await loadVerifier();
  try {
    const material = await loadMaterial(root);
    const verifier = new Verifier(material, {
      tlogThreshold: 0,
      timestampThreshold: 0,
      ctlogThreshold: 1,
    });
    verifier.verify({
      key: { $case: "certificate", certificate: new KeptCertificate(leaf.der) },
      // Times that were verified before; this shape is how the library takes one that is given.
      timestamps: times.map(({ at }) => ({
        $case: "transparency-log" as const,
        tlogEntry: givenTime(at),
      })),
      tlogEntries: [],
      signature: ALWAYS,
    });
    return finding("certificate-log", "pass", "the certificate is in a transparency log");
  } catch (error) {
    return finding("certificate-log", "fail", `no certificate transparency: ${messageOf(error)}`);
  }
}

function givenTime(at: Date) {
  const none = Buffer.alloc(0);
  return {
    logIndex: at.toISOString(),
    logId: { keyId: Buffer.from(at.toISOString()) },
    kindVersion: { kind: "", version: "" },
    integratedTime: String(Math.floor(at.getTime() / 1000)),
    inclusionPromise: { signedEntryTimestamp: none },
    inclusionProof: undefined,
    canonicalizedBody: none,
  };
}

const ALWAYS = {
  signature: Buffer.alloc(0),
  compareSignature: () => true,
  compareDigest: () => true,
  compareSignedDigest: () => true,
  verifySignature: () => true,
};
