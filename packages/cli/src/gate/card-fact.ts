import { lintCard } from "@mlsign/card";
import { decide, isRecord } from "@mlsign/core";
import type { Manifest } from "@mlsign/manifest";
import type { PolicyFacts } from "@mlsign/policy";
import { cardFiles } from "../card/card-file.ts";
import { findCard } from "../card/find-card.ts";
import type { Host } from "../host.ts";
import type { ModelLocation } from "../model/model-location.ts";

/** The model's card: what the rules say of it, and which fields it has; `undefined` without one. */
export function cardFact(
  location: ModelLocation,
  manifest: Manifest,
  host: Host,
): PolicyFacts["card"] {
  const found = findCard(location, "auto", host);
  if ("missing" in found) return undefined;
  const findings = lintCard(found.card, { files: cardFiles(found, { location, manifest }) });
  const front = found.card.frontMatter?.value;
  const fields = isRecord(front) ? front : {};
  const block = isRecord(fields.mlsign) ? fields.mlsign : {};
  return { verdict: decide(findings), fields: [...filled(fields), ...filled(block)] };
}

/** A field that is there and empty says nothing. */
function filled(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === null || value === "" || (Array.isArray(value) && value.length === 0) ? [] : [name],
  );
}
