import { resolve } from "node:path";
import type { Verdict } from "@mlsign/core";
import {
  type CertifiedJob,
  collectLineage,
  type LineageClaim,
  type LineageFacts,
  type PinReading,
  pinsKey,
  readPins,
} from "@mlsign/lineage";
import { type Certificate, fulcioClaims } from "@mlsign/x509";
import { judgeLocksAt } from "../deps/lock-files-at.ts";
import type { Host } from "../host.ts";
import { repositoryRoot } from "../model/repository-root.ts";
import { type CommitTrustFlags, withCommitTrust } from "../options/commit-trust-options.ts";
import type { RemoteFlags } from "../options/remote-options.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { baseModels } from "./base-models.ts";
import { containerExists } from "./container-lookup.ts";
import { withRemote } from "./data-remote.ts";

/** Where a lineage is looked at, as flags say it. */
export interface LookFlags extends CommitTrustFlags, RemoteFlags {
  readonly offline?: boolean;
  readonly baseModel?: readonly string[];
}

/** What is there now of what a lineage names. */
export interface LookedLineage {
  readonly live: LineageFacts;
  readonly certificate: CertifiedJob;
  readonly pins: ReadonlyMap<string, Verdict>;
  readonly remote: ReadonlyMap<string, readonly PinReading[]>;
  readonly containerExists?: boolean;
}

/**
 * Looks at the claim's commit in the repository that this is, at the data, lock files and base
 * models, at the registry and at the remote; `leaf` is the verified certificate of its signer.
 */
export async function lookAtLineage(
  claim: LineageClaim,
  leaf: Certificate | undefined,
  options: LookFlags,
  host: Host,
): Promise<LookedLineage> {
  const live = await collectLive(claim, options, host);
  const exists = options.offline ? undefined : await lookUp(claim, host);
  return {
    live,
    certificate: certifiedJob(leaf),
    pins: await pinsOf(claim, host),
    remote: await lookAtRemote(claim, options, host),
    ...(exists !== undefined && { containerExists: exists }),
  };
}

/** The same facts, collected here at the claim's commit. */
async function collectLive(claim: LineageClaim, options: LookFlags, host: Host) {
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
function certifiedJob(leaf: Certificate | undefined): CertifiedJob {
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
