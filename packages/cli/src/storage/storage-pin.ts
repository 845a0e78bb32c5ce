import { decide, exitOfVerdict, type Finding, finding } from "@mlsign/core";
import { parseLocation } from "@mlsign/objects";
import { pinObjects, pinsPredicate, STORAGE_PINS } from "@mlsign/storage";
import type { Host } from "../host.ts";
import type { ClaimManifestOptions } from "../model/claim-manifest.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { attestDraft } from "../sign/attest-draft.ts";
import { say } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { VERSION } from "../version.ts";
import { storageUrl } from "./mlflow-url.ts";
import { modelFiles } from "./model-files.ts";
import { openTrustedStore } from "./trusted-store.ts";

export interface PinStorageOptions extends SignerFlags, ClaimManifestOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** Signs which version of which object holds each file of a model, once every one of them is right. */
export async function pinStorage(
  model: string,
  named: string,
  options: PinStorageOptions,
  host: Host,
): Promise<number> {
  const url = await storageUrl(named, host);
  const { scheme, bucket, prefix } = parseLocation(url);
  const resolved = await resolveSigner(options, host, "claim");
  const { endpoint, region, profile, json = false } = options;
  const { files, location, manifest, listing } = await modelFiles(model, options, host);
  const store = await openTrustedStore(scheme, { endpoint, region, profile }, host);
  const progress = progressLine(host);
  try {
    say(host, `asking ${store.endpoint}`);
    // A bucket that is not there is the caller's mistake, and no model that went missing.
    await store.bucket(bucket);
    const { onProgress } = progress;
    const { objects, findings } = await pinObjects(store, files, { bucket, prefix, onProgress });
    progress.end();
    const all: Finding[] =
      findings.length > 0
        ? [...findings]
        : [finding("storage-pinned", "pass", `${objects.length} objects are pinned`)];
    const verdict = decide(all);
    if (verdict !== "accepted") {
      const tool = { name: "mlsign", version: VERSION };
      const command = "storage pin";
      printReport({ tool, command, subject: model, verdict, findings: all }, { json }, host);
      say(host, "nothing was signed: every file must have a version that is right");
      return exitOfVerdict(verdict);
    }
    const remote = url.replace(/\/+$/, "");
    const predicate = pinsPredicate({ remote, objects });
    return await attestDraft(
      { predicateType: STORAGE_PINS, predicate, findings: all },
      { location, manifest, listing, resolved },
      {
        command: "storage pin",
        model,
        what: `the versions of ${objects.length} objects`,
        evidence: { remote, endpoint: store.endpoint, objects: objects.length },
        json,
      },
      host,
    );
  } finally {
    progress.end();
    store.close();
  }
}
