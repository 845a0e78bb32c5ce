import { validateBlock } from "./block.ts";
import type { LintOptions } from "./lint-options.ts";
import type { Report } from "./report.ts";
import { blockOf, listOf, recordOf, textOf, textsOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** The block's schema (MC006, MC023) and MC020-MC022. */
export function lintData(card: Values, options: LintOptions, report: Report): void {
  if (card.mlsign !== undefined) {
    for (const { path, message } of validateBlock(card.mlsign)) {
      const rule = path.some((part) => part === "digest" || part === "dvc") ? "MC023" : "MC006";
      report.fail(rule, "error", `${path.join(".")} ${message}`, path);
    }
  }
  trainingData(card, report);
  datasets(card, options, report);
}

function trainingData(card: Values, report: Report): void {
  const data = listOf(blockOf(card).training_data).map(recordOf);
  if (data.length === 0) {
    report.fail(
      "MC020",
      "error",
      "no training data is stated with a version or digest",
      ["mlsign", "training_data"],
      "add mlsign.training_data with name and digest.sha256",
    );
  }
  for (const [index, { name, version, digest, dvc }] of data.entries()) {
    const sha256 = textOf(recordOf(digest).sha256);
    const md5 = textOf(recordOf(dvc).md5);
    const place = ["mlsign", "training_data", index];
    if (textOf(version) === undefined && sha256 === undefined && md5 === undefined) {
      report.fail(
        "MC020",
        "error",
        `data set "${String(name)}" has no version and no digest`,
        place,
      );
    }
    if (md5 !== undefined && sha256 === undefined) {
      report.fail(
        "MC022",
        "warning",
        `data set "${String(name)}" has an MD5 of DVC's and no SHA-256`,
        place,
        "MD5 finds data, it does not hold it: add digest.sha256",
      );
    }
  }
}

function datasets(card: Values, { bom }: LintOptions, report: Report): void {
  if (bom === undefined)
    return report.skip("MC021", "no bill of materials was given to compare data sets with");
  const inBom = bom.components.filter(({ type }) => type === "data");
  const data = listOf(blockOf(card).training_data).map(recordOf);
  for (const [index, { name, digest }] of data.entries()) {
    const sha256 = textOf(recordOf(digest).sha256);
    const place = ["mlsign", "training_data", index];
    const same = inBom.filter((component) => component.name === name);
    if (same.length === 0) {
      report.fail(
        "MC021",
        "error",
        `data set "${String(name)}" is not in the bill of materials`,
        place,
      );
      continue;
    }
    const digests = same.flatMap(({ hashes }) => hashes).filter(({ alg }) => alg === "SHA-256");
    if (
      sha256 !== undefined &&
      digests.length > 0 &&
      digests.every(({ content }) => content !== sha256)
    ) {
      report.fail(
        "MC021",
        "error",
        `data set "${String(name)}" has another SHA-256 in the bill of materials`,
        place,
      );
    }
  }
  const known = new Set([...data.map(({ name }) => name), ...textsOf(card.datasets)]);
  for (const { name } of inBom.filter((component) => !known.has(component.name))) {
    report.fail(
      "MC021",
      "error",
      `data set "${name}" of the bill of materials is not in the card`,
      ["mlsign", "training_data"],
    );
  }
}
