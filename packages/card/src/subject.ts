import { type Finding, finding } from "@mlsign/core";
import type { Card } from "./card.ts";
import { blockOf, recordOf, textOf } from "./values.ts";

/**
 * Whether the model that a card names by digest (`mlsign.subject.digest.sha256`) is the one with
 * this root. Empty where the card names none, as a card inside the model cannot.
 */
export function checkCardSubject(card: Card, root: string): Finding[] {
  const { digest } = recordOf(blockOf(card.frontMatter?.value).subject);
  const stated = textOf(recordOf(digest).sha256);
  if (stated === undefined) return [];
  const place = card.frontMatter?.locate(["mlsign", "subject", "digest", "sha256"]);
  const location = { path: card.source, ...place };
  return stated === root
    ? [finding("card-match", "pass", "the card names the root of this model", { location })]
    : [
        finding("card-match", "fail", `the card is of the model with root ${stated}, not ${root}`, {
          location,
          fix: "write the card of this model, or correct mlsign.subject.digest",
        }),
      ];
}
