import { type Finding, MlsignError } from "@mlsign/core";
import { parseLocation } from "@mlsign/objects";
import type { Host } from "../host.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { dvcSource } from "./dvc-source.ts";
import { storageUrl } from "./mlflow-url.ts";
import { filesSource } from "./model-files.ts";
import { pinSources } from "./model-pins.ts";
import type { Source } from "./source.ts";

export interface SourceFlags {
  readonly model?: string;
  readonly dvc?: readonly string[];
  readonly remote?: string;
  readonly endpoint?: string;
}

/**
 * What to look at: a prefix; the files of a model below one (MLflow's artifact root); the objects
 * that a model's claims pin; or those that DVC's files name.
 *
 * @throws MlsignError `usage`
 */
export async function sourcesOf(
  named: string | undefined,
  flags: SourceFlags & TrustFlags,
  host: Host,
): Promise<{ readonly sources: readonly Source[]; readonly findings: readonly Finding[] }> {
  const { model, dvc = [] } = flags;
  const url = named === undefined ? undefined : await storageUrl(named, host);
  if (dvc.length > 0) {
    if (url !== undefined || model !== undefined)
      throw new MlsignError("usage", "Cannot use --dvc beside a URL or --model");
    return { sources: [dvcSource(dvc, flags, host)], findings: [] };
  }
  if (flags.remote !== undefined)
    throw new MlsignError("usage", "Cannot use --remote without --dvc");
  if (url !== undefined) {
    const location = parseLocation(url);
    const targets = model === undefined ? undefined : filesSource(model, location, host);
    const exact = model !== undefined;
    return { sources: [{ url, location, exact, ...(targets && { targets }) }], findings: [] };
  }
  if (model !== undefined) return pinSources(model, flags, host);
  throw new MlsignError("usage", "Cannot check storage: nothing was named", {
    hint: "give s3://BUCKET/PREFIX, --model MODEL or --dvc FILE",
  });
}
