import { realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Card, CardFile } from "@mlsign/card";
import { parseCard } from "@mlsign/card";
import { readBounded } from "@mlsign/files";
import type { Manifest } from "@mlsign/manifest";
import type { Host } from "../host.ts";
import { fileDigestSync } from "../model/file-digest.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { nameBelow } from "../model/name-below.ts";
import { readFile } from "../options/trust-options.ts";

/** A card, read once: what is judged and what is signed are the same bytes. */
export interface ReadCard {
  readonly path: string;
  /** As a reader finds it from the working directory. */
  readonly shown: string;
  readonly bytes: Buffer;
  readonly card: Card;
}

/** @throws MlsignError `usage` where there is none, `limit-exceeded`, `file-unreadable` */
export function readCard(file: string, host: Host): ReadCard {
  const bytes = readFile(file, host, MOST_BYTES);
  const path = resolve(host.cwd, file);
  const shown = nameBelow(host.cwd, path) ?? file;
  return { path, shown, bytes, card: parseCard(bytes, shown) };
}

/** The model that a card is checked beside. */
export interface CardModel {
  readonly location: ModelLocation;
  readonly manifest: Manifest;
}

/**
 * What a card's relative references lead to: files of the model, with their manifest's digests, and
 * else files beside the card; never through a link that leads out of either.
 */
export function cardFiles(
  { path }: ReadCard,
  model?: CardModel,
): (name: string) => CardFile | undefined {
  const signed = new Map(model?.manifest.files.map((file) => [file.path, file.digests.sha256]));
  const inModel = model?.location.directory === true ? model.location.path : undefined;
  return (name) => {
    const own = inModel === undefined ? undefined : fileBelow(inModel, name);
    const file = own ?? fileBelow(dirname(path), name);
    const known = own === undefined && inModel !== undefined ? undefined : signed.get(name);
    if (file === undefined) {
      // A file of an archive is known by its digest.
      return known === undefined
        ? undefined
        : { bytes: () => Buffer.alloc(0), sha256: () => known };
    }
    return {
      bytes: () => readBounded(file, MOST_BYTES) ?? Buffer.alloc(0),
      sha256: () => known ?? digestOf(file),
    };
  };
}

function fileBelow(folder: string, name: string): string | undefined {
  try {
    const real = realpathSync(resolve(folder, name));
    return nameBelow(realpathSync(folder), real) === undefined ? undefined : real;
  } catch {
    return undefined;
  }
}

/** A folder is there, and has no digest that could be the stated one. */
function digestOf(file: string): string {
  return statSync(file).isDirectory() ? "" : fileDigestSync(file, "sha256").toString("hex");
}

const MOST_BYTES = 64 * 1024 * 1024;
