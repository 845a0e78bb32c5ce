import { decide, exitOfVerdict } from "@mlsign/core";
import { parseLocation } from "@mlsign/objects";
import { storageClaim } from "@mlsign/storage";
import type { Host } from "../host.ts";
import type { ClaimManifestOptions } from "../model/claim-manifest.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { say } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { horizonOf } from "./horizon.ts";
import { storageUrl } from "./mlflow-url.ts";
import { filesSource, modelFiles } from "./model-files.ts";
import { runCheck, type StoreFlags } from "./run-check.ts";

export interface AttestStorageOptions extends SignerFlags, ClaimManifestOptions, StoreFlags {
  readonly json?: boolean;
}

/** Checks where a model's files are stored, and signs the outcome as a claim beside the model. */
export async function attestStorage(
  model: string,
  named: string,
  options: AttestStorageOptions,
  host: Host,
): Promise<number> {
  const now = host.clock();
  const requiredUntil = horizonOf(options, now);
  const url = await storageUrl(named, host);
  const location = parseLocation(url);
  const resolved = await resolveSigner(options, host, "claim");
  const targets = filesSource(model, location, host);
  const source = { url, location, exact: true, targets };
  const ran = await runCheck([source], { now, requiredUntil }, options, host);
  const { findings, locations, drill, evidence } = ran;
  const verdict = decide(findings);
  const claim = storageClaim(locations, { verdict, requiredUntil, drill, at: now, evidence });
  const { json = false } = options;
  if (claim === undefined) {
    const tool = { name: "mlsign", version: VERSION };
    const command = "storage attest";
    printReport({ tool, command, subject: model, verdict, findings }, { json }, host);
    say(host, "nothing was signed: a check that was not decided is no evidence");
    return exitOfVerdict(verdict);
  }
  const { manifest, listing, location: at } = await modelFiles(model, options, host);
  return attestDraft(
    { ...claim, findings },
    { location: at, manifest, listing, resolved },
    {
      command: "storage attest",
      model,
      what: "the storage check",
      evidence: {
        ...evidence,
        locations: locations.map((it) => ({ ...it, objects: { ...it.objects } })),
      },
      json,
    },
    host,
  );
}
