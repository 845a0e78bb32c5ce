import { relative } from "node:path";
import { EXIT, printable } from "@mlsign/core";
import { appendClaims, attestClaim, claimSubject } from "@mlsign/evidence";
import { collectLineage, LINEAGE_PREDICATE, lineagePredicate } from "@mlsign/lineage";
import { claimManifest } from "./claim-manifest.ts";
import { newClaimsFile } from "./claims-location.ts";
import type { Host } from "./host.ts";
import { locateModel } from "./model-location.ts";
import { say, writeJson } from "./output.ts";
import { checkSignature } from "./self-check.ts";
import { resolveSigner, type SignerFlags } from "./signer-options.ts";

export interface RecordOptions extends SignerFlags {
  readonly data?: readonly string[];
  readonly container?: string;
  readonly ignorePath?: readonly string[];
  readonly allowSymlinks?: boolean;
  readonly json?: boolean;
}

/** Collects a model's lineage and signs it as a claim beside the model. */
export async function recordLineage(
  model: string,
  options: RecordOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const resolved = await resolveSigner(options, host, "claim");
  const facts = await collectLineage({
    folder: host.cwd,
    data: options.data ?? [],
    ...(options.container !== undefined && { container: options.container }),
  });
  for (const missing of facts.missing) say(host, `missing: ${printable(missing)}`);
  const predicate = lineagePredicate(facts, {
    ...builderOf(host),
    finishedOn: host.clock().toISOString(),
  });
  const { manifest, listing } = await claimManifest(location, options, host);
  const subject = claimSubject(listing.name, manifest);
  const { text, signed } = await attestClaim(
    { predicateType: LINEAGE_PREDICATE, predicate },
    { subject, ...resolved },
  );
  await checkSignature({ text, signed }, resolved, host.clock());
  const file = newClaimsFile(location);
  const added = appendClaims(file, [text]);
  const shown = printable(relative(host.cwd, file));
  say(host, `added the lineage to ${shown}`);
  if (options.json) {
    const { root, dirHash1 = null } = manifest;
    const missing = [...facts.missing];
    writeJson(host, {
      schema: "urn:mlsign:lineage-record:v1",
      model,
      claims: shown,
      added,
      root,
      dirHash1,
      missing,
      predicate,
    });
  }
  return EXIT.accepted;
}

/** The CI job that this is, by the variables that the CI sets: a claim, which a certificate can confirm. */
function builderOf({ env }: Host): { builder: string; invocation?: string } {
  const {
    GITHUB_SERVER_URL: server,
    GITHUB_WORKFLOW_REF: workflow,
    GITHUB_REPOSITORY: repository,
  } = env;
  if (env.GITHUB_ACTIONS && server && workflow && repository) {
    const run = `${server}/${repository}/actions/runs/${env.GITHUB_RUN_ID}/attempts/${env.GITHUB_RUN_ATTEMPT}`;
    return { builder: `${server}/${workflow}`, invocation: run };
  }
  if (env.GITLAB_CI && env.CI_PROJECT_URL && env.CI_JOB_URL) {
    return { builder: `${env.CI_PROJECT_URL}//.gitlab-ci.yml`, invocation: env.CI_JOB_URL };
  }
  return { builder: "urn:mlsign:builder:local:v1" };
}
