import { decide, exitOfVerdict } from "@mlsign/core";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { say } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { depsClaim } from "./deps-claim.ts";
import { type DependencyPolicyFlags, tellFiles } from "./lock-files.ts";

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
