import { type Finding, finding, hexOf, isRecord, printable, sha256 } from "@mlsign/core";

/** The body of an in-toto statement; the caller adds the subject, which is the model. */
export interface CardReferenceClaim {
  readonly predicateType: string;
  readonly predicate: {
    readonly attester: { readonly id: string };
    readonly references: readonly {
      readonly name: string;
      readonly digest: { readonly sha256: string };
      readonly mediaType: "text/markdown";
      readonly downloadLocation?: string;
    }[];
  };
}

/** Says that these bytes are the model's card. `name` is the card's file name. */
export function cardReferenceClaim(
  card: Uint8Array,
  model: { readonly name: string; readonly attester?: string; readonly downloadLocation?: string },
): CardReferenceClaim {
  const { name, attester = "urn:mlsign:card:v1", downloadLocation } = model;
  const location = downloadLocation === undefined ? {} : { downloadLocation };
  const digest = { sha256: hexOf(sha256(card)) };
  return {
    predicateType: CARD_REFERENCE_TYPE,
    predicate: {
      attester: { id: attester },
      references: [{ name, digest, mediaType: "text/markdown", ...location }],
    },
  };
}

/** Whether a verified reference claim names these bytes, by SHA-256. */
export function checkCardReference(predicate: unknown, card: Uint8Array): Finding[] {
  const references = isRecord(predicate) ? predicate.references : undefined;
  const entries = Array.isArray(references) ? (references as unknown[]).filter(isRecord) : [];
  const cards = entries.filter(({ mediaType }) => mediaType === "text/markdown");
  if (cards.length === 0) {
    return [finding("card-match", "fail", "the claim refers to no Markdown file")];
  }
  const own = hexOf(sha256(card));
  const same = cards.find(({ digest }) => isRecord(digest) && digest.sha256 === own);
  if (same !== undefined)
    return [finding("card-match", "pass", "the card is the one that was signed for this model")];
  const names = cards.map(({ name }) => (typeof name === "string" ? printable(name) : "?"));
  return [
    finding(
      "card-match",
      "fail",
      `the card has SHA-256 ${own}, which is not that of ${names.join(", ")} in the claim`,
      { fix: "sign the changed card again, or restore the signed one" },
    ),
  ];
}

export const CARD_REFERENCE_TYPE = "https://in-toto.io/attestation/reference/v0.1";
