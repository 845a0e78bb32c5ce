import {
  type Finding,
  finding,
  isRecord,
  type JsonObject,
  type JsonValue,
  printable,
} from "@mlsign/core";

/** SLSA's verification summary, v1. */
export const SUMMARY_PREDICATE = "https://slsa.dev/verification_summary/v1";
const VERIFIER = "urn:mlsign:verifier:promote:v1";

export interface SummaryInput {
  /** mlsign's own version. */
  readonly version: string;
  readonly at: Date;
  /** Where the model may go: what a summary for another place is told apart by. */
  readonly resourceUri: string;
  readonly policy: { readonly uri: string; readonly sha256: string };
  /** Every bundle that was judged. */
  readonly inputs: readonly { readonly uri: string; readonly sha256: string }[];
  readonly passed: boolean;
  readonly levels: readonly string[];
}

/** The verdict of a promotion as a statement's predicate. */
export function summaryPredicate(input: SummaryInput): JsonObject {
  const { version, at, resourceUri, policy, inputs, passed, levels } = input;
  return {
    verifier: { id: VERIFIER, version: { mlsign: version } },
    // SLSA's time has no fraction.
    timeVerified: at.toISOString().replace(/\.\d+Z$/, "Z"),
    resourceUri,
    policy: { uri: policy.uri, digest: { sha256: policy.sha256 } },
    inputAttestations: inputs.map(({ uri, sha256 }) => ({ uri, digest: { sha256 } })),
    verificationResult: passed ? "PASSED" : "FAILED",
    verifiedLevels: passed ? [...levels] : ["FAILED"],
    slsaVersion: "1.0",
  };
}

export interface SummaryExpectation {
  readonly resourceUri: string;
  readonly level: string;
  readonly now: Date;
  /** By trusted time; `undefined` where the bundle has none. */
  readonly time: string | undefined;
  /** In milliseconds. */
  readonly maxAge: number | undefined;
  /** SHA-256 in hex of the policies that are still good; any, where it is left out. */
  readonly policies?: readonly string[] | undefined;
}

/** Whether a summary lets a model in: it passed, here, at this level, and not too long ago. */
export function checkSummary(predicate: JsonValue, wanted: SummaryExpectation): Finding[] {
  const body = isRecord(predicate) ? predicate : {};
  const verifier = isRecord(body.verifier) ? body.verifier.id : undefined;
  const levels = Array.isArray(body.verifiedLevels) ? body.verifiedLevels : [];
  const { resourceUri, level, time, maxAge, now, policies } = wanted;
  const of = (good: boolean, yes: string, no: string): Finding =>
    finding("summary-match", good ? "pass" : "fail", good ? yes : no);
  const shown = typeof body.resourceUri === "string" ? printable(body.resourceUri) : "nothing";
  return [
    of(body.verificationResult === "PASSED", "the promotion passed", "the promotion did not pass"),
    of(
      verifier === VERIFIER,
      "the summary is a promotion's",
      "the summary is of another kind of verifier",
    ),
    of(
      body.resourceUri === resourceUri,
      `it is for ${printable(resourceUri)}`,
      `it is for ${shown}, not for ${printable(resourceUri)}`,
    ),
    of(
      levels.includes(level),
      `it has the level ${printable(level)}`,
      `it has not the level ${printable(level)}`,
    ),
    ...(maxAge === undefined ? [] : [checkAge(time, now, maxAge)]),
    ...(policies === undefined
      ? []
      : [
          of(
            policies.includes(policyOf(body) ?? ""),
            "it is by a policy that you named",
            "it is by another policy than those that you named",
          ),
        ]),
  ];
}

function policyOf({ policy }: JsonObject): string | undefined {
  const digest = isRecord(policy) && isRecord(policy.digest) ? policy.digest.sha256 : undefined;
  return typeof digest === "string" ? digest : undefined;
}

function checkAge(time: string | undefined, now: Date, maxAge: number): Finding {
  if (time === undefined)
    return finding("summary-match", "fail", "when the promotion was is not witnessed by anybody");
  return now.getTime() - Date.parse(time) <= maxAge
    ? finding("summary-match", "pass", `the promotion was at ${time}`)
    : finding("summary-match", "fail", `the promotion was at ${time}, too long ago`);
}
