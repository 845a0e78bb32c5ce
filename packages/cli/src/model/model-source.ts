import { type TreeSource, archiveSource, localSource } from "@mlsign/manifest";
import type { ModelLocation } from "./model-location.ts";

/** The model as a tree of files, wherever it lies; with `archive`, the tree inside a tar. */
export function modelSource(location: ModelLocation, archive: boolean): TreeSource {
  if (location.elsewhere !== undefined) return location.elsewhere.source;
  return archive ? archiveSource(location.path) : localSource(location.path);
}
