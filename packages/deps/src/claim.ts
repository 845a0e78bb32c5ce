import { byUtf8, decide, type Finding, type JsonObject } from "@mlsign/core";
import type { CheckedDependencies } from "./dependencies.ts";
import type { DependencyPolicy } from "./entry.ts";

/** The body of an in-toto statement; the caller adds the subject, which is the model. */
export interface DependencyClaim {
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/**
 * A check of dependency files as an in-toto test result: each file is a test, and is named with the
 * digest of the bytes that were judged, beside the policy that they were judged by. `undefined`
 * where the check was not decided: a claim would say that it was.
 */
export function dependencyClaim(
  checked: CheckedDependencies,
  policy: DependencyPolicy = {},
): DependencyClaim | undefined {
  if (checked.verdict !== "accepted" && checked.verdict !== "refused") return undefined;
  const files = [...checked.files, ...checked.included].toSorted((a, b) => byUtf8(a.path, b.path));
  const worst = new Map(files.map(({ path }) => [path, worstOf(checked.findings, path)]));
  const named = (outcome: Worst): string[] =>
    [...worst].flatMap(([path, own]) => (own === outcome ? [path] : []));
  const result =
    checked.verdict === "refused" ? "FAILED" : named("warned").length > 0 ? "WARNED" : "PASSED";
  return {
    predicateType: DEPENDENCY_CLAIM_TYPE,
    predicate: {
      result,
      configuration: [
        { uri: DEPENDENCY_CHECK, annotations: { policy: { ...policy } } },
        ...files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
      ],
      passedTests: named("passed"),
      warnedTests: named("warned"),
      failedTests: named("failed"),
    },
  };
}

type Worst = "passed" | "warned" | "failed" | "undecided";

function worstOf(findings: readonly Finding[], path: string): Worst {
  const own = findings.filter(({ location }) => location?.path === path);
  const verdict = decide(own);
  if (verdict === "refused") return "failed";
  // A file with nothing in it to judge is no failure; the whole check has decided.
  if (own.length > 0 && verdict !== "accepted") return "undecided";
  return own.some(({ outcome, severity }) => outcome === "fail" && severity === "warning")
    ? "warned"
    : "passed";
}

export const DEPENDENCY_CLAIM_TYPE = "https://in-toto.io/attestation/test-result/v0.1";
/** `configuration[0].uri`: which check a test result is of. */
export const DEPENDENCY_CHECK = "urn:mlsign:check:deps:v1";
