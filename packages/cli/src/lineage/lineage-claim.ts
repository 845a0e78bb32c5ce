import {
  collectLineage,
  LINEAGE_PREDICATE,
  type LineageFacts,
  lineagePredicate,
} from "@mlsign/lineage";
import type { Host } from "../host.ts";
import { broughtAt } from "../model/brought-model.ts";
import { claimsFiles } from "../model/claims-location.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { type CommitTrustFlags, withCommitTrust } from "../options/commit-trust-options.ts";
import type { RemoteFlags } from "../options/remote-options.ts";
import type { ClaimDraft } from "../sign/attest-draft.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { baseModels } from "./base-models.ts";
import { ciJob } from "./ci-job.ts";
import { withRemote } from "./data-remote.ts";
import { mlflowRun, runOf } from "./mlflow-run.ts";

/** Where a model came from, as flags say it. */
export interface LineageFlags extends CommitTrustFlags, RemoteFlags {
  readonly data?: readonly string[];
  readonly container?: string;
  readonly deps?: readonly string[];
  readonly baseModel?: readonly string[];
  readonly mlflowRun?: string;
  readonly mlflowUri?: string;
}

/** Collects what the flags name, in the checkout that this is. */
export async function lineageOf(
  flags: LineageFlags,
  location: ModelLocation,
  host: Host,
): Promise<LineageFacts> {
  const models = await baseModels(flags.baseModel ?? [], host);
  const run = (await mlflowRun(flags, host)) ?? runOf(broughtAt(location.path, host)?.run);
  const progress = progressLine(host);
  return withRemote(flags, host, (remote) =>
    withCommitTrust(flags, host, (commitTrust) =>
      collectLineage({
        onProgress: progress.onProgress,
        folder: host.cwd,
        ref: ciJob(host).ref,
        data: flags.data ?? [],
        container: flags.container,
        locks: flags.deps ?? [],
        baseModels: models,
        run,
        remote,
        outputs: [location.path, location.signaturePath, ...claimsFiles(location)],
        ...(commitTrust && { commitTrust }),
      }),
    ),
  ).finally(() => progress.end());
}

/** The lineage as a claim that is not signed yet. What is missing is in it, and refuses nothing. */
export function lineageClaim(facts: LineageFacts, host: Host): ClaimDraft {
  const { builder, invocation } = ciJob(host);
  const predicate = lineagePredicate(facts, {
    builder,
    ...(invocation !== undefined && { invocation }),
    finishedOn: host.clock().toISOString(),
  });
  return { predicateType: LINEAGE_PREDICATE, predicate, findings: [] };
}
