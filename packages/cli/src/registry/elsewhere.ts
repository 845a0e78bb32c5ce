import { resolve } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import type { Host } from "../host.ts";
import type { ElsewhereFlags } from "../model/is-elsewhere.ts";
import type { ModelLocation } from "../model/model-location.ts";

export type Locations = readonly [ModelLocation, ...ModelLocation[]];

/**
 * Does a command's work on a model that is read where it lies. Of a model in a registry there is
 * one location for each signature that somebody attached.
 *
 * @throws MlsignError `usage`, and what the store and the work throw
 */
export async function withElsewhere<T>(
  model: string,
  flags: ElsewhereFlags,
  host: Host,
  work: (locations: Locations) => Promise<T>,
): Promise<T> {
  if (flags.archive === true)
    throw new MlsignError("usage", `Cannot use --archive with ${printable(model)}`);
  if (model.startsWith("oci://")) {
    const { storedLocations } = await import("./oci-location.ts");
    return work(await storedLocations(model.slice("oci://".length), flags, host));
  }
  if (/^[a-z0-9]+:\/\//.test(model)) {
    const { withObjects } = await import("./object-location.ts");
    return withObjects(model, flags, host, async (location) => work([location]));
  }
  const { hubLocation } = await import("./hub-location.ts");
  return work([hubLocation(resolve(host.cwd, model), model, flags, host)]);
}
