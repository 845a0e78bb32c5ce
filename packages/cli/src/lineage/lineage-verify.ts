import { resolve } from "node:path";
import { decide, exitOfVerdict, type Finding, finding, type JsonValue } from "@mlsign/core";
import type { VerifiedClaim } from "@mlsign/evidence";
import {
  type CertifiedJob,
  checkLineage,
  collectLineage,
  LINEAGE_PREDICATE,
  type LineageClaim,
  mergePins,
  type PinReading,
  pinsKey,
  readLineage,
  readPins,
} from "@mlsign/lineage";
import { fulcioClaims } from "@mlsign/x509";
import { judgeLocksAt } from "../deps/lock-files-at.ts";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import { repositoryRoot } from "../model/repository-root.ts";
import { type CommitTrustFlags, withCommitTrust } from "../options/commit-trust-options.ts";
import type { RemoteFlags } from "../options/remote-options.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { progressLine } from "../terminal/progress-line.ts";
import {
  asWarnings,
  damagedLines,
  requireTrust,
  verifiedClaims,
} from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { baseModels } from "./base-models.ts";
import { containerExists } from "./container-lookup.ts";
import { withRemote } from "./data-remote.ts";

export interface VerifyLineageOptions
  extends TrustFlags, ReportOptions, CommitTrustFlags, RemoteFlags {
  readonly offline?: boolean;
  readonly baseModel?: readonly string[];
}

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
  const live = await collectLive(claim, options, host);
  const exists = options.offline ? undefined : await lookUp(claim, host);
  return checkLineage(claim, {
    live,
    certificate: certifiedJob(first),
    pins: await pinsOf(claim, host),
    remote: await lookAtRemote(claim, options, host),
    ...(exists !== undefined && { containerExists: exists }),
  });
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

/** The same facts, collected here at the claim's commit. */
async function collectLive(claim: LineageClaim, options: VerifyLineageOptions, host: Host) {
  const models = await baseModels(options.baseModel ?? [], host);
  const root = await repositoryRoot(host.cwd);
  // The claim names files from the repository's root.
  const here = (path: string): string => (root === undefined ? path : resolve(root, path));
  const files = [...claim.datasets, ...claim.dataFiles].flatMap(({ file }) => file ?? []);
  const progress = progressLine(host);
  return withCommitTrust(options, host, (commitTrust) =>
    collectLineage({
      onProgress: progress.onProgress,
      folder: host.cwd,
      commit: claim.commits[0]?.commit,
      data: [...new Set(files)].map(here),
      locks: claim.locks.map(({ path }) => here(path)),
      baseModels: models,
      ...(commitTrust && { commitTrust }),
    }),
  ).finally(() => progress.end());
}

/** Looks at the pinned objects of the remote that the caller names, and at no other. */
async function lookAtRemote(claim: LineageClaim, options: RemoteFlags, host: Host) {
  const looked = new Map<string, readonly PinReading[]>();
  if (claim.datasets.every(({ pins }) => pins.length === 0)) return looked;
  return withRemote(options, host, async (remote) => {
    for (const dataset of claim.datasets) {
      for (const pins of dataset.pins) {
        if (remote === undefined || pins.remote !== remote.url) continue;
        looked.set(pinsKey(pins.remote, dataset), await readPins(remote, pins.objects));
      }
    }
    return looked;
  });
}

async function pinsOf({ commits, locks }: LineageClaim, host: Host) {
  const [commit] = commits;
  if (commit === undefined) return new Map<string, never>();
  return judgeLocksAt(
    host.cwd,
    commit.commit,
    locks.map(({ path }) => path),
  );
}

/** What Fulcio says of the job that asked for the certificate; a key says nothing of one. */
function certifiedJob({ result }: VerifiedClaim): CertifiedJob {
  const leaf = result?.certificate;
  if (leaf === undefined) return {};
  const claims = fulcioClaims(leaf);
  const { sourceRepositoryDigest: commit, sourceRepositoryUri: repository } = claims;
  const { runInvocationUri: invocation } = claims;
  return {
    ...(commit && { commit }),
    ...(repository && { repository }),
    ...(invocation && { invocation }),
  };
}

async function lookUp({ containers }: LineageClaim, host: Host): Promise<boolean | undefined> {
  const [container] = containers;
  const url =
    container && URL.canParse(container.uri)
      ? new URL(container.uri).searchParams.get("repository_url")
      : null;
  if (container === undefined || url === null) return undefined;
  return containerExists(`${url}@${container.digest}`, host);
}
