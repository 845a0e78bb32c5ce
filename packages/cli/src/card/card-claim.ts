import { basename } from "node:path";
import {
  type BomView,
  type CardPolicy,
  cardReferenceClaim,
  checkCardSubject,
  lintCard,
} from "@mlsign/card";
import { type Finding, finding, hexOf, type JsonValue, printable, sha256 } from "@mlsign/core";
import { nameBelow } from "../model/name-below.ts";
import type { ClaimDraft } from "../sign/attest-draft.ts";
import { cardFiles, type CardModel, type ReadCard } from "./card-file.ts";

export interface CardClaimOptions {
  readonly policy: CardPolicy;
  /** The model's bill of materials, to compare with. */
  readonly bom?: BomView;
  /** Where others can have the card. */
  readonly url?: string;
}

/**
 * The claim that a card is a model's, with what the linter and the comparison with the model's
 * bytes and bill of materials found. Whether to sign it is the caller's to decide.
 */
export function cardClaim(read: ReadCard, model: CardModel, options: CardClaimOptions): ClaimDraft {
  const { policy, bom, url } = options;
  const inside = model.location.directory ? nameBelow(model.location.path, read.path) : undefined;
  const name = inside ?? basename(read.path);
  const { predicateType, predicate } = cardReferenceClaim(read.bytes, {
    name,
    ...(url !== undefined && { downloadLocation: url }),
  });
  return {
    predicateType,
    predicate: predicate as unknown as JsonValue,
    findings: [
      ...lintCard(read.card, {
        policy,
        files: cardFiles(read, model),
        ...(bom !== undefined && { bom }),
      }),
      ...checkCardSubject(read.card, model.manifest.root),
      ...checkOwnBytes(read, model, inside),
    ],
  };
}

/** A card in the model is one of its files: the manifest must have the bytes that were judged. */
function checkOwnBytes(read: ReadCard, { manifest }: CardModel, inside?: string): Finding[] {
  if (inside === undefined) return [];
  const location = { path: read.shown };
  const shown = printable(inside);
  const file = manifest.files.find(({ path }) => path === inside);
  if (file === undefined) {
    return [
      finding("card-match", "fail", `${shown} lies in the model and is left out of it`, {
        severity: "note",
        location,
      }),
    ];
  }
  return file.digests.sha256 === hexOf(sha256(read.bytes))
    ? [finding("card-match", "pass", `${shown} is the file of the model`, { location })]
    : [finding("card-match", "fail", `${shown} changed while it was read`, { location })];
}
