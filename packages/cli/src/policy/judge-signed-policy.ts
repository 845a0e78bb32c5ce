import { parseBundle } from "@mlsign/bundle";
import { decide, type Finding, finding, messageOf, MlsignError, printable } from "@mlsign/core";
import { verifyModel } from "@mlsign/verify";
import type { Host } from "../host.ts";
import { locateModel, signatureBytes } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import type { ResolvedTrust } from "../options/trust-options.ts";

/** A policy whose bytes were read already. */
export interface ReadPolicy {
  readonly file: string;
  /** In hex: the signature must be over these very bytes, and not over what the file holds now. */
  readonly sha256: string;
  readonly signature?: string | undefined;
}

/** Whether a policy is signed by whom the caller trusts: a model signature over one file. */
export async function judgeSignedPolicy(
  { file, sha256, signature }: ReadPolicy,
  { trust }: ResolvedTrust,
  host: Host,
): Promise<Finding[]> {
  const location = locateModel(file, host.cwd, signature);
  const data = signatureBytes(location);
  if (data === undefined) {
    const fix = `mlsign policy sign ${printable(file)}`;
    return [finding("policy-signature", "fail", `${printable(file)} is unsigned`, { fix })];
  }
  let result;
  try {
    result = await verifyModel(modelSource(location, false), parseBundle(data), trust, {
      now: host.clock(),
      ownNames: location.ownNames,
      refuseSignerIgnores: true,
    });
  } catch (error) {
    if (!(error instanceof MlsignError) || error.category !== "refused") throw error;
    return [finding("policy-signature", "fail", `its signature is damaged: ${messageOf(error)}`)];
  }
  const [only, ...others] = result.manifest?.files ?? [];
  const same = others.length === 0 && only?.digests.sha256 === sha256;
  const verdict = same ? decide(result.findings) : "refused";
  const [outcome, word] = OUTCOMES[verdict];
  const message = `${printable(file)} ${word} by whom you trust`;
  return [
    ...result.findings.filter((it) => it.outcome !== "pass"),
    finding("policy-signature", outcome, message),
  ];
}

const OUTCOMES = {
  accepted: ["pass", "is signed"],
  refused: ["fail", "is not signed"],
  undecided: ["unknown", "could not be found to be signed"],
  defect: ["error", "could not be found to be signed"],
} as const;
