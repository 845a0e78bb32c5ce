import { decide, exitOfVerdict, type Finding, finding, type JsonValue } from "@mlsign/core";
import type { VerifiedClaim } from "@mlsign/evidence";
import { checkLineage, LINEAGE_PREDICATE, mergePins, readLineage } from "@mlsign/lineage";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import {
  asWarnings,
  damagedLines,
  requireTrust,
  verifiedClaims,
} from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { type LookFlags, lookAtLineage } from "./look-at-lineage.ts";

export interface VerifyLineageOptions extends TrustFlags, ReportOptions, LookFlags {}

/** Verifies the lineage claims of a model, and what they say against what is here. */
export async function verifyLineage(
  model: string,
  options: VerifyLineageOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const location = locateModel(model, host.cwd);
  const resolved = await requireTrust(options, host);
  const { manifest, listing } = await claimManifest(location, {}, host);
  const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  const claims = await verifiedClaims(claimsFiles(location), identity, resolved, host, location);
  const lineages = claims.filter(({ statement }) => statement?.predicateType === LINEAGE_PREDICATE);
  const good = lineages.filter(({ status }) => status === "counts");
  const others = lineages.filter((claim) => !good.includes(claim)).flatMap((one) => one.findings);
  const findings = [
    ...damagedLines(claims),
    // What a stranger appended does not undo what a trusted signer said.
    ...(good.length > 0 ? asWarnings(others) : others),
    ...good.flatMap((claim) => claim.findings),
    ...(await judge(good, options, host)),
  ];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "lineage verify", subject: model, verdict, findings },
    options,
    host,
  );
  return exitOfVerdict(verdict);
}

async function judge(
  valid: readonly VerifiedClaim[],
  options: VerifyLineageOptions,
  host: Host,
): Promise<Finding[]> {
  const [first] = valid;
  if (first?.statement === undefined) {
    return [
      finding("lineage-form", "fail", "no lineage claim about this model is by a trusted signer"),
    ];
  }
  const said = new Set(valid.map(({ statement }) => essence(statement?.predicate ?? null)));
  // Two stories by trusted signers: whichever is true, one of them is not.
  if (said.size > 1)
    return [finding("lineage-form", "fail", `${said.size} different lineages are claimed`)];
  const claims = valid.map(({ statement }) => readLineage(statement?.predicate ?? null));
  const claim = mergePins(readLineage(first.statement.predicate), claims);
  const seen = await lookAtLineage(claim, first.result?.certificate, options, host);
  return checkLineage(claim, seen);
}

/** What a lineage says, without when it was written down and by which run. */
function essence(predicate: JsonValue): string {
  const {
    commits,
    datasets,
    dataFiles,
    containers,
    locks,
    baseModels: bases,
  } = readLineage(predicate);
  // Whoever had the remote at hand says more of the same data.
  const data = datasets.map(({ pins: _pins, ...dataset }) => dataset);
  return JSON.stringify([commits, data, dataFiles, containers, locks, bases]);
}
