import { isRecord, type JsonObject, MlsignError, parseJson } from "@mlsign/core";
import { parseCard } from "./card.ts";
import { fromCycloneDx, toCycloneDx } from "./convert-cyclonedx.ts";
import { fromHuggingFace, toHuggingFace } from "./convert-huggingface.ts";
import { fromToolkit, toToolkit } from "./convert-toolkit.ts";
import type { Neutral } from "./neutral.ts";
import { recordOf } from "./values.ts";

/** Hugging Face's Markdown, Model Card Toolkit's JSON, and CycloneDX's `modelCard` JSON. */
export type CardFormat = "huggingface" | "toolkit" | "cyclonedx";

export interface Converted {
  readonly text: string;
  /** The object that `text` is, where it is JSON. */
  readonly value: JsonObject | undefined;
  /** Fields of the input that the other format has no place for. */
  readonly lost: readonly string[];
}

/**
 * Converts a card. What has no place in the other format is named, not dropped in silence.
 *
 * @throws MlsignError `json-invalid` for JSON that is none, `usage` for a card that cannot be read.
 */
export function convertCard(text: string, from: CardFormat, to: CardFormat): Converted {
  const { card, lost } = read(text, from);
  const written = write(card, to);
  const value = typeof written.value === "string" ? undefined : written.value;
  return {
    text:
      typeof written.value === "string"
        ? written.value
        : `${JSON.stringify(written.value, undefined, 2)}\n`,
    value,
    lost: [...lost, ...written.lost].toSorted(),
  };
}

function read(text: string, from: CardFormat): { card: Neutral; lost: string[] } {
  switch (from) {
    case "huggingface": {
      const card = parseCard(text, "card");
      if (card.frontMatter === undefined) {
        throw new MlsignError(
          "usage",
          `Cannot convert the card: ${card.faults[0]?.message ?? "it has no front matter"}`,
        );
      }
      return fromHuggingFace(card, card.frontMatter.value);
    }
    case "toolkit":
      return fromToolkit(readJson(text));
    case "cyclonedx": {
      const value = readJson(text);
      return value.bomFormat === undefined ? fromCycloneDx(value) : fromCycloneDx(cardOfBom(value));
    }
  }
}

/** @throws MlsignError `usage` where the bill of materials holds no card. */
function cardOfBom(bom: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { modelCard } = recordOf(recordOf(bom.metadata).component);
  if (isRecord(modelCard)) return modelCard;
  throw new MlsignError(
    "usage",
    "Cannot convert the card: metadata.component of the bill of materials has no modelCard",
  );
}

/**
 * Which format a card is in: Markdown, or JSON told apart by the keys that only one of the two has.
 * `undefined` for JSON that has none of them.
 */
export function cardFormatOf(text: string): CardFormat | undefined {
  if (!/^\ufeff?\s*\{/.test(text)) return "huggingface";
  let value: Readonly<Record<string, unknown>>;
  try {
    value = readJson(text);
  } catch {
    return undefined;
  }
  const keys = Object.keys(value);
  if (keys.some((key) => CYCLONEDX_KEYS.has(key))) return "cyclonedx";
  return keys.some((key) => TOOLKIT_KEYS.has(key)) ? "toolkit" : undefined;
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  return recordOf(parseJson(text.replace(/^\ufeff/, "")));
}

function write(card: Neutral, to: CardFormat): { value: string | JsonObject; lost: string[] } {
  switch (to) {
    case "huggingface":
      return toHuggingFace(card);
    case "toolkit":
      return toToolkit(card);
    case "cyclonedx":
      return toCycloneDx(card);
  }
}

/** `considerations` is in both. */
const CYCLONEDX_KEYS: ReadonlySet<string> = new Set([
  "bomFormat",
  "modelParameters",
  "quantitativeAnalysis",
]);
const TOOLKIT_KEYS: ReadonlySet<string> = new Set([
  "model_details",
  "model_parameters",
  "quantitative_analysis",
]);
