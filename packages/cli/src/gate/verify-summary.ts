import { decide, exitOfVerdict, type Finding, finding, MlsignError, printable } from "@mlsign/core";
import { checkSummary, earliestTime, SUMMARY_PREDICATE } from "@mlsign/gate";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { requireTrust, verifiedClaims } from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { checkTarget } from "./approve.ts";
import { promotedLevel, resourceOf } from "./levels.ts";
import { spanOf } from "./span.ts";

export interface VerifySummaryOptions extends TrustFlags, ReportOptions {
  readonly to: string;
  readonly resource?: string;
  readonly maxAge?: string;
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
  const location = locateModel(model, host.cwd);
  const resolved = await requireTrust(options, host);
  const { manifest, listing } = await claimManifest(location, {}, host);
  const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  const claims = await verifiedClaims(claimsFiles(location), identity, resolved, host, location);
  const summaries = claims.filter(
    ({ statement }) => statement?.predicateType === SUMMARY_PREDICATE,
  );
  const judged = summaries
    .filter(({ status }) => status === "counts")
    .map((claim) => ({
      claim,
      findings: checkSummary(claim.statement?.predicate ?? null, {
        resourceUri: resourceOf(options),
        level: promotedLevel(options.to),
        now: host.clock(),
        time: claim.result && earliestTime(claim.result),
        maxAge,
        policies,
      }),
    }));
  const good = judged.find(({ findings }) => decide(findings) === "accepted");
  const findings: Finding[] =
    good === undefined
      ? [
          finding(
            "claim-valid",
            "fail",
            "no promotion of this model to the target by whom you trust",
            {
              fix: `mlsign promote MODEL --policy FILE --to ${options.to}`,
            },
          ),
          ...judged.flatMap((it) => it.findings),
          ...summaries.filter(({ status }) => status !== "counts").flatMap((it) => it.findings),
        ]
      : [...good.claim.findings, ...good.findings];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "verify", subject: model, verdict, findings }, options, host);
  return exitOfVerdict(verdict);
}

/** @throws MlsignError `usage` */
function policyDigest(text: string): string {
  const hex = /^sha256:([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (hex !== undefined) return hex.toLowerCase();
  throw new MlsignError("usage", `Cannot use --policy-digest ${printable(text)}`, {
    hint: "a policy's digest is sha256: with 64 hexadecimal digits, as promote prints it in --json",
  });
}
