import { decide, exitOfVerdict, type Finding, finding } from "@mlsign/core";
import type { VerifiedClaim } from "@mlsign/evidence";
import {
  checkSummary,
  earliestTime,
  SUMMARY_PREDICATE,
  type SummaryExpectation,
} from "@mlsign/gate";
import type { Host } from "../host.ts";
import { broughtAt, placeOf } from "../model/brought-model.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { requireTrust, verifiedClaims } from "../verify/verified-claims.ts";
import { withCopy } from "../verify/verified-copy.ts";
import { VERSION } from "../version.ts";
import { promotedLevel, resourceOf } from "./levels.ts";
import { policyDigest } from "./policy-digest.ts";
import { spanOf } from "./span.ts";
import { checkTarget } from "./target.ts";

export interface VerifySummaryOptions extends TrustFlags, ReportOptions {
  readonly to: string;
  readonly resource?: string;
  readonly maxAge?: string;
  readonly into?: string;
  readonly policyDigest?: readonly string[];
}

/**
 * Whether a promotion to the target lets these bytes in: a summary by whom the caller trusts, about
 * the files that are here. No policy, repository or network is asked.
 */
export async function verifySummary(
  model: string,
  options: VerifySummaryOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  checkTarget(options.to);
  const maxAge = options.maxAge === undefined ? undefined : spanOf(options.maxAge);
  const policies = options.policyDigest?.map(policyDigest);
  const location = locateModel(placeOf(model, host), host.cwd);
  const resolved = await requireTrust(options, host);
  return withCopy(options.into, host.cwd, async (into) => {
    const { manifest, listing } = await claimManifest(location, { into }, host);
    const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
    const claims = await verifiedClaims(claimsFiles(location), identity, resolved, host, location);
    const registered = broughtAt(location.path, host)?.resource;
    const wanted = { ...options, maxAge, policies, registered };
    const findings = summaryFindings(claims, wanted, host);
    const verdict = decide(findings);
    const tool = { name: "mlsign", version: VERSION };
    printReport({ tool, command: "verify", subject: model, verdict, findings }, options, host);
    return { value: exitOfVerdict(verdict), keep: verdict === "accepted" };
  });
}

/** What the summaries among these claims come to. */
function summaryFindings(
  claims: readonly VerifiedClaim[],
  wanted: Pick<VerifySummaryOptions, "to" | "resource"> & {
    readonly registered: string | undefined;
  } & Pick<SummaryExpectation, "maxAge" | "policies">,
  host: Host,
): Finding[] {
  const summaries = claims.filter(
    ({ statement }) => statement?.predicateType === SUMMARY_PREDICATE,
  );
  const judged = summaries
    .filter(({ status }) => status === "counts")
    .map((claim) => ({
      claim,
      findings: checkSummary(claim.statement?.predicate ?? null, {
        resourceUri: resourceOf(wanted, undefined, wanted.registered),
        level: promotedLevel(wanted.to),
        now: host.clock(),
        time: claim.result && earliestTime(claim.result),
        maxAge: wanted.maxAge,
        policies: wanted.policies,
      }),
    }));
  const good = judged.find(({ findings }) => decide(findings) === "accepted");
  if (good !== undefined) return [...good.claim.findings, ...good.findings];
  const none = "no promotion of this model to the target by whom you trust";
  return [
    finding("claim-valid", "fail", none, {
      fix: `mlsign promote MODEL --policy FILE --to ${wanted.to}`,
    }),
    ...judged.flatMap((it) => it.findings),
    ...summaries.filter(({ status }) => status !== "counts").flatMap((it) => it.findings),
  ];
}
