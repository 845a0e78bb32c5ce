import { isRecord, parseJson } from "@mlsign/core";
import { isKnownLicense } from "./licenses.ts";
import type { LintOptions } from "./lint-options.ts";
import type { Report } from "./report.ts";
import { blockOf, recordOf, textOf, textsOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** MC010-MC013. */
export function lintIdentity(card: Values, options: LintOptions, report: Report): void {
  license(card, report);
  baseModel(card, options, report);
  subject(card, options, report);
  vocabulary(card, report);
}

function license(card: Values, report: Report): void {
  const names = textsOf(card.license);
  if (names.length === 0) {
    report.fail(
      "MC010",
      "error",
      "no license is named",
      ["license"],
      "add license: with an SPDX id",
    );
  }
  for (const name of names) {
    if (name === "other") {
      if (textOf(card.license_name) === undefined || textOf(card.license_link) === undefined) {
        report.fail("MC010", "error", "license other has no license_name and license_link", [
          "license",
        ]);
      }
    } else if (!isKnownLicense(name)) {
      report.fail("MC010", "error", `license "${name}" is no SPDX id or id of the Hub`, [
        "license",
      ]);
    }
  }
}

function baseModel(card: Values, { files }: LintOptions, report: Report): void {
  if (files === undefined)
    return report.skip("MC011", "no files were given to look for a base model");
  const stated = textsOf(card.base_model);
  for (const [path, key] of BASE_MODEL_KEYS) {
    const file = files(path);
    if (file === undefined) continue;
    const named = textOf(recordOf(tryJson(file.bytes()))[key]);
    // A path of the trainer's disk names no model that others could know.
    if (named === undefined || !/^[\w.-]+\/[\w.-]+$/.test(named) || stated.includes(named))
      continue;
    report.fail(
      "MC011",
      "warning",
      `${path} names the base model "${named}", the card does not`,
      ["base_model"],
      `add base_model: ${named}`,
    );
  }
}

function subject(card: Values, { bom, modelName }: LintOptions, report: Report): void {
  const stated = recordOf(blockOf(card).subject);
  const compare = (what: "name" | "version", other: string | undefined, where: string): void => {
    const mine = textOf(stated[what]);
    if (mine === undefined || other === undefined || mine === other) return;
    report.fail("MC012", "error", `the card's ${what} is "${mine}", ${where} has "${other}"`, [
      "mlsign",
      "subject",
      what,
    ]);
  };
  if (bom === undefined)
    report.skip("MC012", "no bill of materials was given to compare the name with");
  compare("name", bom?.root?.name, "the bill of materials");
  compare("version", bom?.root?.version, "the bill of materials");
  compare("name", modelName, "the model");
}

function vocabulary(card: Values, report: Report): void {
  for (const language of textsOf(card.language)) {
    if (!isLanguage(language))
      report.fail("MC013", "note", `language "${language}" is unknown`, ["language"]);
  }
  for (const [key, known] of [
    ["pipeline_tag", PIPELINE_TAGS],
    ["library_name", LIBRARIES],
  ] as const) {
    const value = card[key];
    if (value === undefined || (typeof value === "string" && known.has(value))) continue;
    report.fail("MC013", "note", `${key} ${JSON.stringify(value)} is unknown`, [key]);
  }
}

function isLanguage(code: string): boolean {
  if (code === "multilingual" || code === "code") return true;
  try {
    return LANGUAGE_NAMES.of(code) !== undefined;
  } catch {
    return false;
  }
}

function tryJson(bytes: Uint8Array): Values | undefined {
  try {
    const value = parseJson(bytes);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const LANGUAGE_NAMES = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
const BASE_MODEL_KEYS = [
  ["config.json", "_name_or_path"],
  ["adapter_config.json", "base_model_name_or_path"],
] as const;
const PIPELINE_TAGS: ReadonlySet<string> = new Set(
  "text-classification token-classification table-question-answering question-answering zero-shot-classification translation summarization feature-extraction text-generation text2text-generation fill-mask sentence-similarity text-to-speech text-to-audio automatic-speech-recognition audio-to-audio audio-classification audio-text-to-text voice-activity-detection depth-estimation image-classification object-detection image-segmentation text-to-image image-to-text image-to-image image-to-video unconditional-image-generation video-classification reinforcement-learning robotics tabular-classification tabular-regression tabular-to-text table-to-text multiple-choice text-ranking text-retrieval time-series-forecasting text-to-video image-text-to-text image-text-to-image image-text-to-video visual-question-answering document-question-answering visual-document-retrieval zero-shot-image-classification zero-shot-object-detection graph-ml mask-generation text-to-3d image-to-3d image-feature-extraction video-text-to-text video-to-video keypoint-detection any-to-any other".split(
    " ",
  ),
);
const LIBRARIES: ReadonlySet<string> = new Set(
  "adapter-transformers allennlp asteroid bertopic diffusers diffusion-single-file espnet fairseq fastai fasttext flair flax gguf joblib k2 keras keras-hub lerobot lightgbm litert llamafile ml-agents mlflow mlx mlx-image mlx-lm nemo onnx onnxruntime open_clip paddlenlp paddleocr peft pyannote-audio pytorch safetensors sample-factory sentence-transformers setfit sklearn skops spacy span-marker speechbrain stable-baselines3 stanza tensorboard tensorflow tensorflowtts tf-keras tflite timm transformers transformers.js trl ultralytics unity-sentis vllm xgboost".split(
    " ",
  ),
);
