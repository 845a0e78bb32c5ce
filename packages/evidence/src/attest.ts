import { IN_TOTO, statementBytes, type Subject } from "@mlsign/bundle";
import type { JsonValue } from "@mlsign/core";
import { type Signed, type Signer, signEnvelope, type Witness } from "@mlsign/sign";

/** A statement that is not signed yet. */
export interface NewClaim {
  readonly predicateType: string;
  readonly predicate: JsonValue;
}

export interface AttestOptions {
  readonly subject: Subject;
  readonly signer: Signer;
  readonly witnesses: readonly Witness[];
}

/**
 * Signs a claim about a model, and returns its bundle's text as one line. One signer for several claims
 * of a run asks for one identity and one certificate.
 *
 * @throws MlsignError of the signer or of a witness.
 */
export async function attestClaim(
  claim: NewClaim,
  options: AttestOptions,
): Promise<{ text: string; signed: Signed }> {
  const payload = statementBytes({ subject: [options.subject], ...claim });
  const { signer, witnesses } = options;
  return signEnvelope(IN_TOTO, payload, { signer, witnesses, form: "claim" });
}
