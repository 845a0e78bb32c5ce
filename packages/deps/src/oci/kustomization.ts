import type { Sheet } from "../sheet.ts";
import { itemsOf, member, textAt, textOf, type YamlNode } from "../yaml/node.ts";
import { judgeImage } from "./image.ts";

/** A kustomization: its images, its remote bases, and charts that it would fetch. */
export function checkKustomization(sheet: Sheet, documents: readonly YamlNode[]): void {
  for (const document of documents) {
    for (const image of itemsOf(member(document, "images"))) judgeOverride(sheet, image);
    for (const key of ["resources", "bases", "components", "crds"]) {
      for (const item of itemsOf(member(document, key))) judgeResource(sheet, item);
    }
    for (const chart of itemsOf(member(document, "helmCharts"))) {
      const name = textAt(chart, "name") ?? "chart";
      const facts = { ecosystem: "generic", name, version: textAt(chart, "version") } as const;
      const reason = "a chart is fetched by version, which no hash covers";
      sheet.unpinned(
        { ...facts, line: chart.line },
        "dependency-pinned",
        reason,
        "render it, and keep the result",
      );
    }
  }
}

/** `{name, newName, newTag, digest}`: without a tag or digest of its own it changes the name only. */
function judgeOverride(sheet: Sheet, image: YamlNode): void {
  const name = textAt(image, "newName") ?? textAt(image, "name");
  const tag = textAt(image, "newTag");
  const digest = textAt(image, "digest");
  if (name === undefined) {
    sheet.problem("dependency-file", "an image has no name", { line: image.line });
    return;
  }
  if (tag === undefined && digest === undefined) return;
  // A newTag may carry the digest, as `1.0@sha256:…`.
  const suffix = tag === undefined ? "" : `:${tag}`;
  judgeImage(sheet, `${name}${suffix}${digest === undefined ? "" : `@${digest}`}`, image.line);
}

/** A base that is fetched: only a full commit as `ref` pins it. */
function judgeResource(sheet: Sheet, item: YamlNode): void {
  const text = textOf(item);
  if (text === undefined || !/^(?:https?:|git[@:]|git::|ssh:|[\w.-]+\.[a-z]+\/[^/]+\/)/.test(text))
    return;
  const facts = { ecosystem: "generic", name: text, line: item.line } as const;
  const ref = /[?&](?:ref|version)=([^&]*)/.exec(text)?.[1];
  if (ref !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) {
    sheet.commit(facts, "is pinned to a commit, whose bytes no hash covers");
  } else {
    const reason = "is fetched without a full commit";
    sheet.unpinned(
      facts,
      "dependency-pinned",
      reason,
      "keep a copy, or add ?ref= and the full commit",
    );
  }
}
