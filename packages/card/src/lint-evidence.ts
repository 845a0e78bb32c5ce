import type { Card } from "./card.ts";
import type { YamlPath } from "./front-matter.ts";
import { linksOf } from "./links.ts";
import type { LintOptions } from "./lint-options.ts";
import type { Report } from "./report.ts";
import { blockOf, listOf, recordOf, textOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** MC040-MC043. */
export function lintEvidence(card: Card, options: LintOptions, report: Report): void {
  const values = card.frontMatter?.value ?? {};
  modelIndex(values, report);
  metrics(values, options, report);
  localFiles(card, options, report);
  for (const { target, line, column } of linksOf(card)) {
    if (/^http:/i.test(target))
      report.fail("MC043", "note", `the link ${target} is not https`, { line, column });
  }
}

function modelIndex(card: Values, report: Report): void {
  const need = (entry: unknown, keys: readonly string[], place: YamlPath): void => {
    for (const key of keys) {
      const value = recordOf(entry)[key];
      if (value !== undefined && value !== null && value !== "") continue;
      report.fail("MC040", "error", `${place.join(".")} has no ${key}`, [...place, key]);
    }
  };
  const index = card["model-index"];
  if (index !== undefined && !Array.isArray(index))
    report.fail("MC040", "error", "model-index is not a list", ["model-index"]);
  for (const [m, model] of listOf(index).entries()) {
    need(model, ["name", "results"], ["model-index", m]);
    for (const [r, result] of listOf(recordOf(model).results).entries()) {
      const place = ["model-index", m, "results", r];
      const { task, dataset, metrics: measured, source } = recordOf(result);
      need(task, ["type"], [...place, "task"]);
      need(dataset, ["type", "name"], [...place, "dataset"]);
      if (listOf(measured).length === 0)
        report.fail("MC040", "error", `${place.join(".")} has no metrics`, place);
      for (const [k, metric] of listOf(measured).entries())
        need(metric, ["type", "value"], [...place, "metrics", k]);
      if (source !== undefined) need(source, ["url"], [...place, "source"]);
    }
  }
}

/** A metric of the same name and slice must have the same value; one that is only on one side is no contradiction. */
function metrics(card: Values, { bom }: LintOptions, report: Report): void {
  if (bom === undefined)
    return report.skip("MC041", "no bill of materials was given to compare metrics with");
  const analysis = recordOf(bom.root?.modelCard).quantitativeAnalysis;
  const other = listOf(recordOf(analysis).performanceMetrics).map(recordOf);
  const compare = (type: unknown, value: unknown, slice: unknown, place: YamlPath): void => {
    const same = other.filter(
      (m) => m.type === type && (textOf(m.slice) ?? "") === (textOf(slice) ?? ""),
    );
    if (
      same.length === 0 ||
      same.some((m) => Number(m.value) === Number(value) || m.value === String(value))
    )
      return;
    report.fail(
      "MC041",
      "error",
      `${String(type)} is ${String(value)}, and ${String(same[0]?.value)} in the bill of materials`,
      place,
    );
  };
  for (const [index, { metric, value, slice }] of listOf(blockOf(card).evaluation)
    .map(recordOf)
    .entries()) {
    compare(metric, value, slice, ["mlsign", "evaluation", index, "value"]);
  }
  for (const [m, model] of listOf(card["model-index"]).map(recordOf).entries()) {
    for (const [r, result] of listOf(model.results).map(recordOf).entries()) {
      const split = recordOf(result.dataset).split;
      for (const [k, { type, value }] of listOf(result.metrics).map(recordOf).entries()) {
        compare(type, value, split, ["model-index", m, "results", r, "metrics", k, "value"]);
      }
    }
  }
}

function localFiles(card: Card, { files }: LintOptions, report: Report): void {
  const fairness = listOf(blockOf(card.frontMatter?.value).fairness).map(recordOf);
  const reports = fairness.flatMap((entry, index) => {
    const { uri, digest } = recordOf(entry.report);
    const path = localPath(textOf(uri) ?? "");
    const place: YamlPath = ["mlsign", "fairness", index, "report"];
    return path === undefined ? [] : [{ path, digest: textOf(recordOf(digest).sha256), place }];
  });
  const links = linksOf(card).flatMap(({ target, line, column }) => {
    const path = localPath(target);
    return path === undefined ? [] : [{ path, digest: undefined, place: { line, column } }];
  });
  const all = [...reports, ...links];
  if (files === undefined) {
    if (all.length > 0) report.skip("MC042", "no files were given to compare local links with");
    return;
  }
  for (const { path, digest, place } of all) {
    const file = isInside(path) ? files(path) : undefined;
    if (!isInside(path))
      report.fail(
        "MC042",
        "error",
        `the card refers to "${path}", which leads out of the model`,
        place,
      );
    else if (file === undefined)
      report.fail("MC042", "error", `the card refers to "${path}", which is not there`, place);
    else if (digest !== undefined && file.sha256() !== digest) {
      report.fail("MC042", "error", `"${path}" has another SHA-256 than the card says`, place);
    }
  }
}

/** A relative reference's path without query and fragment; `undefined` for what has a scheme or is none. */
function localPath(reference: string): string | undefined {
  const path = reference.replace(/[?#].*$/s, "").replace(/^(?:\.\/)+/, "");
  if (path === "" || /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isInside(path: string): boolean {
  return !path.startsWith("/") && !/[\0\\]/.test(path) && !path.split("/").includes("..");
}
