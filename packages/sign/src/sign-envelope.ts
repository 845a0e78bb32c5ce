import { type Bundle, bundleText, cosignHint, type Envelope, omsHint, pae } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import type { Signed, Signer, Witness } from "./signer.ts";

/**
 * `oms`: the hint and chain of OpenSSF Model Signing. `claim`: cosign's hint, and the leaf
 * certificate alone, as bundle v0.3 has it. Both with an empty keyid.
 */
export type EnvelopeForm = "oms" | "claim";

export interface SignOptions {
  readonly signer: Signer;
  readonly witnesses: readonly Witness[];
  readonly form: EnvelopeForm;
}

/**
 * Signs a payload as a DSSE envelope, has every witness testify, and returns the bundle with its
 * text. Witnesses are asked one after the other: a log entry is not made when an earlier one fails.
 *
 * @throws MlsignError of the signer or of a witness.
 */
export async function signEnvelope(
  payloadType: string,
  payload: Buffer,
  options: SignOptions,
): Promise<{ bundle: Omit<Bundle, "version" | "legacy">; text: string; signed: Signed }> {
  const signedBytes = pae(payloadType, payload);
  const signed = await options.signer.sign(signedBytes);
  if (!signed.algorithm.verify(signedBytes, signed.publicKey, signed.signature)) {
    throw new MlsignError(
      "signer-failed",
      "Cannot sign: the signature does not verify under its own key",
    );
  }
  const envelope: Envelope = {
    kind: "dsse",
    payloadType,
    payload,
    signature: signed.signature,
    // cosign looks for a key of that very name, and finds none: the hint names the key.
    keyid: "",
  };
  const testimonies = [];
  for (const witness of options.witnesses) {
    testimonies.push(await witness.testify({ envelope, signedBytes, signed }));
  }
  const bundle = {
    material: materialOf(signed, options.form),
    tlogEntries: testimonies.flatMap((t) => t.tlogEntries ?? []),
    timestamps: testimonies.flatMap((t) => t.timestamps ?? []),
    content: envelope,
  };
  return { bundle, text: bundleText(bundle), signed };
}

function materialOf(signed: Signed, form: EnvelopeForm): Bundle["material"] {
  const { certificates, publicKey } = signed;
  if (certificates.length === 0) {
    return { kind: "publicKey", hint: form === "oms" ? omsHint(publicKey) : cosignHint(publicKey) };
  }
  // Fulcio's certificate travels alone in both; an OMS certificate brings its chain.
  return form === "oms" && certificates.length > 1
    ? { kind: "certificate", certificates, form: "x509CertificateChain" }
    : { kind: "certificate", certificates: certificates.slice(0, 1), form: "certificate" };
}
