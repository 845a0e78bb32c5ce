import { keyBelow, parseLocation } from "@mlsign/objects";
import { fileSource, folderSource, objectFolder } from "@mlsign/registry";
import type { Host } from "../host.ts";
import type { ElsewhereFlags } from "../model/is-elsewhere.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { readFile } from "../options/trust-options.ts";
import { openTrustedStore } from "../storage/trusted-store.ts";

/**
 * Does a command's work on a model in a bucket: one object, or all below a prefix. Its bytes are
 * streamed, and nothing is kept.
 *
 * @throws MlsignError `usage`, `service-failed`, `storage-bucket-missing`, and what the work throws
 */
export async function withObjects<T>(
  url: string,
  flags: ElsewhereFlags,
  host: Host,
  work: (location: ModelLocation) => Promise<T>,
): Promise<T> {
  const place = parseLocation(url);
  const options = { endpoint: flags.storageEndpoint, region: flags.storageRegion };
  const store = await openTrustedStore(place.scheme, options, host);
  try {
    const folder = objectFolder(store, place);
    const single = await folder.single();
    const key = single === undefined ? keyBelow(place.prefix, SIGNATURE) : `${place.prefix}.sig`;
    const data =
      flags.signature === undefined
        ? await folder.small(key, MOST_BYTES)
        : readFile(flags.signature, host, MOST_BYTES);
    const name = place.prefix.replace(/\/+$/, "").split("/").at(-1) || place.bucket;
    return await work({
      path: url,
      directory: single === undefined,
      signaturePath: flags.signature ?? `${place.scheme}://${place.bucket}/${key}`,
      ownNames: single === undefined ? OWN_NAMES : [],
      elsewhere: {
        source:
          single === undefined ? folderSource(folder, name) : fileSource(folder, single, name),
        signature: { data },
      },
    });
  } finally {
    store.close();
  }
}

const SIGNATURE = "model.sig";
const OWN_NAMES = ["model.sig", "claims.jsonl"].flatMap((name) => [name, `${name}.tmp`]);
const MOST_BYTES = 64 * 1024 * 1024;
