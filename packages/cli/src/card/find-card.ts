import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { printable } from "@mlsign/core";
import type { Host } from "../host.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { readCard, type ReadCard } from "./card-file.ts";

/**
 * The card that a flag names; for `auto` the one in a directory model, or beside a file. Where there
 * is none, where it was looked for.
 *
 * @throws MlsignError as `readCard`, for a card that is named
 */
export function findCard(
  location: ModelLocation,
  card: string,
  host: Host,
): ReadCard | { readonly missing: string } {
  if (card !== "auto") return readCard(card, host);
  const places = location.directory
    ? [resolve(location.path, "README.md")]
    : [`${location.path}.card.md`, resolve(dirname(location.path), "README.md")];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return readCard(relative(host.cwd, found) || basename(found), host);
  const names = places.map((place) => printable(relative(host.cwd, place))).join(", ");
  return { missing: `card: there is no ${names}` };
}
