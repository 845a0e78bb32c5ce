import { decide, exitOfVerdict } from "@mlsign/core";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { say } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { scanDraft, scanInputs, scanModel } from "./scan-model.ts";
import { waiversFile } from "./waivers-file.ts";

export interface AttestScanOptions extends SignerFlags, ClaimManifestOptions {
  readonly waivers?: string;
  readonly json?: boolean;
}

/** Signs beside a model that it was scanned, with what and by which allow list. */
export async function attestScan(
  model: string,
  options: AttestScanOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const waivers = waiversFile(options.waivers, host);
  const { manifest, listing } = await claimManifest(location, options, host);
  const scanned = await scanModel(scanInputs(listing, manifest), waivers, host);
  const draft = scanDraft(scanned, waivers, host);
  const { json = false } = options;
  if (draft === undefined) {
    const { findings } = scanned;
    const verdict = decide(findings);
    const tool = { name: "mlsign", version: VERSION };
    printReport(
      { tool, command: "scan attest", subject: model, verdict, findings },
      { json },
      host,
    );
    say(host, "nothing was signed: a scan that was not decided is no evidence");
    return exitOfVerdict(verdict);
  }
  const resolved = await resolveSigner(options, host, "claim");
  return attestDraft(
    draft,
    { location, manifest, listing, resolved },
    {
      command: "scan attest",
      model,
      what: "the scan",
      evidence: {
        files: scanned.tree.files.map(({ path, sha256, verdict }) => ({ path, sha256, verdict })),
      },
      json,
    },
    host,
  );
}
