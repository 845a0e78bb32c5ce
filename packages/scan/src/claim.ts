import { byUtf8, decide, type Finding, type JsonObject } from "@mlsign/core";
import type { TreeScan } from "./scan-files.ts";
import type { Waiver } from "./waivers.ts";

export interface ScanClaimOptions {
  readonly tool: { readonly name: string; readonly version: string };
  /** SHA-256 of the allow list, lower-case hex. */
  readonly allowList: string;
  /** SHA-256 of the waivers file, and what in it was for these files. */
  readonly waivers?: { readonly sha256: string; readonly used: readonly Waiver[] } | undefined;
  /** Why a model that is dangerous was signed all the same. */
  readonly allowUnsafe?: string | undefined;
}

/** The body of an in-toto statement; the caller adds the subject, which is the model. */
export interface ScanClaim {
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/**
 * A scan as an in-toto test result: each file is a test. `undefined` where the scan was not
 * decided: a claim would say that it was.
 */
export function scanClaim(
  { files }: TreeScan,
  findings: readonly Finding[],
  { tool, allowList, waivers, allowUnsafe }: ScanClaimOptions,
): ScanClaim | undefined {
  const verdict = decide(findings);
  if (verdict !== "accepted" && verdict !== "refused") return undefined;
  const sorted = files.toSorted((a, b) => byUtf8(a.path, b.path));
  const worst = worstByPath(findings);
  const results = new Map(sorted.map(({ path }) => [path, worst.get(path) ?? "passed"]));
  const named = (wanted: Result): string[] =>
    [...results].flatMap(([path, result]) => (result === wanted ? [path] : []));
  const warned = named("warned");
  const verdicts: Record<string, number> = {};
  for (const file of files) verdicts[file.verdict] = (verdicts[file.verdict] ?? 0) + 1;
  return {
    predicateType: SCAN_CLAIM_TYPE,
    predicate: {
      result: verdict === "refused" ? "FAILED" : warned.length > 0 ? "WARNED" : "PASSED",
      configuration: [
        {
          uri: SCAN_CHECK,
          annotations: {
            tool: { ...tool },
            verdicts,
            ...(allowUnsafe !== undefined && { allowUnsafe }),
            ...(waivers !== undefined && {
              waivers: waivers.used.map((waiver) => ({ ...waiver })),
            }),
          },
        },
        { name: "allow-list", digest: { sha256: allowList } },
        ...(waivers ? [{ name: "waivers", digest: { sha256: waivers.sha256 } }] : []),
      ],
      passedTests: named("passed"),
      warnedTests: warned,
      failedTests: named("failed"),
    },
  };
}

type Result = "passed" | "warned" | "failed";

/** Of the files that are not good, what they come to. */
function worstByPath(findings: readonly Finding[]): Map<string, Result> {
  const worst = new Map<string, Result>();
  for (const { location, outcome, severity } of findings) {
    if (location === undefined || outcome !== "fail") continue;
    if (severity === "error") worst.set(location.path, "failed");
    else if (!worst.has(location.path)) worst.set(location.path, "warned");
  }
  return worst;
}

export const SCAN_CLAIM_TYPE = "https://in-toto.io/attestation/test-result/v0.1";
/** `configuration[0].uri`: which check a test result is of. */
export const SCAN_CHECK = "urn:mlsign:check:scan:v1";
