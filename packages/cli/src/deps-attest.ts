import { decide, exitOfVerdict } from "@mlsign/core";
import { attestDraft } from "./attest-draft.ts";
import { claimManifest, type ClaimManifestOptions } from "./claim-manifest.ts";
import { depsClaim } from "./deps-claim.ts";
import type { Host } from "./host.ts";
import { type DependencyPolicyFlags, tellFiles } from "./lock-files.ts";
import { locateModel } from "./model-location.ts";
import { say } from "./output.ts";
import { printReport } from "./print-report.ts";
import { resolveSigner, type SignerFlags } from "./signer-options.ts";
import { VERSION } from "./version.ts";

export interface AttestDepsOptions
  extends SignerFlags, ClaimManifestOptions, DependencyPolicyFlags {
  readonly json?: boolean;
}

/** Signs beside a model that its dependencies were checked, with the digests of what was looked at. */
export async function attestDeps(
  model: string,
  paths: readonly string[],
  options: AttestDepsOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const { checked, draft } = depsClaim(paths.length === 0 ? ["."] : paths, options, host);
  tellFiles(checked, host);
  const { json = false } = options;
  if (draft === undefined) {
    const { findings } = checked;
    const verdict = decide(findings);
    const tool = { name: "mlsign", version: VERSION };
    printReport(
      { tool, command: "deps attest", subject: model, verdict, findings },
      { json },
      host,
    );
    say(host, "nothing was signed: a check that was not decided is no evidence");
    return exitOfVerdict(verdict);
  }
  const resolved = await resolveSigner(options, host, "claim");
  const { manifest, listing } = await claimManifest(location, options, host);
  return attestDraft(
    draft,
    { location, manifest, listing, resolved },
    {
      command: "deps attest",
      model,
      what: "the dependency check",
      evidence: {
        files: [...checked.files, ...checked.included].map(({ path, sha256 }) => ({
          path,
          sha256,
        })),
      },
      json,
    },
    host,
  );
}
