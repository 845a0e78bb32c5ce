import { MlsignError } from "@mlsign/core";
import { blobsOf, pointerSource, snapshotSource } from "@mlsign/registry";
import type { Host } from "../host.ts";
import type { ElsewhereFlags } from "../model/is-elsewhere.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";

/** A snapshot in a Hugging Face cache, or a tree in which pointers may stand for files. */
export function hubLocation(
  path: string,
  model: string,
  { signature, pointers, into }: ElsewhereFlags,
  host: Host,
): ModelLocation {
  const location = locateModel(model, host.cwd, signature);
  if (pointers === true) {
    if (into !== undefined)
      throw new MlsignError("usage", "Cannot copy what pointers stand for: it is not here", {
        hint: "fetch the files first, then verify without --pointers",
      });
    return { ...location, elsewhere: { source: pointerSource(path) } };
  }
  // What is only named like one is a directory like any other.
  if (blobsOf(path) === undefined) return location;
  return { ...location, elsewhere: { source: snapshotSource(path) } };
}
