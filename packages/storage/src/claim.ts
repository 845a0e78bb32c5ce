import type { JsonObject, Verdict } from "@mlsign/core";
import type { StorageVerdict } from "./verdict.ts";

/** The body of an in-toto statement; the caller adds the subject, which is the model. */
export interface StorageClaim {
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** What was checked, of one bucket and prefix. */
export interface CheckedLocation {
  /** `s3://BUCKET/PREFIX`. */
  readonly url: string;
  readonly endpoint: string;
  readonly sdk: string;
  readonly storage: StorageVerdict;
  readonly objects: Readonly<Record<StorageVerdict, number>>;
}

export interface StorageClaimOptions {
  readonly verdict: Verdict;
  readonly requiredUntil: Date | undefined;
  readonly drill: { readonly shorten: boolean; readonly canary: boolean } | undefined;
  readonly at: Date;
  /** SHA-256, in hex, of the evidence of each object, a line of JSON each. */
  readonly evidence: { readonly lines: number; readonly sha256: string };
}

/**
 * A check of storage as an in-toto test result: each location is a test. `undefined` where the
 * check was not decided: a claim would say that it was.
 */
export function storageClaim(
  locations: readonly CheckedLocation[],
  { verdict, requiredUntil, drill, at, evidence }: StorageClaimOptions,
): StorageClaim | undefined {
  if (verdict !== "accepted" && verdict !== "refused") return undefined;
  const named = (good: boolean): string[] =>
    locations.filter(({ storage }) => (storage === "protected") === good).map(({ url }) => url);
  return {
    predicateType: STORAGE_CLAIM_TYPE,
    predicate: {
      result: verdict === "accepted" ? "PASSED" : "FAILED",
      configuration: [
        {
          uri: STORAGE_CHECK,
          annotations: {
            requiredUntil: requiredUntil?.toISOString() ?? null,
            drill: drill ? { ...drill } : null,
            checkedAt: at.toISOString(),
          },
        },
        {
          name: "objects.jsonl",
          digest: { sha256: evidence.sha256 },
          annotations: { objects: evidence.lines },
        },
        ...locations.map(({ url, endpoint, sdk, storage, objects }) => ({
          uri: url,
          annotations: { endpoint, sdk, verdict: storage, objects: { ...objects } },
        })),
      ],
      passedTests: named(true),
      warnedTests: [],
      failedTests: named(false),
    },
  };
}

export const STORAGE_CLAIM_TYPE = "https://in-toto.io/attestation/test-result/v0.1";
/** `configuration[0].uri`: which check a test result is of. */
export const STORAGE_CHECK = "urn:mlsign:check:storage:v1";
