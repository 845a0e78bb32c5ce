import type { Sheet } from "../sheet.ts";
import { entriesOf, member, textAt, type YamlNode } from "../yaml/node.ts";
import { judgeImage } from "./image.ts";

/**
 * Images of Kubernetes objects, rendered Helm charts among them: every `image`, wherever it
 * stands, so that custom resources count too.
 */
export function checkKubernetes(sheet: Sheet, documents: readonly YamlNode[]): void {
  const seen = new Set<YamlNode>();
  for (const document of documents) {
    if (!["ConfigMap", "Secret"].includes(textAt(document, "kind") ?? "")) {
      walk(sheet, document, seen);
    }
  }
}

/** Shared nodes (aliases) are looked at once. */
function walk(sheet: Sheet, node: YamlNode, seen: Set<YamlNode>): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === "list") for (const item of node.items) walk(sheet, item, seen);
  for (const [key, { value, line }] of entriesOf(node)) {
    if (/^(?:image|.*Image)$/.test(key) && judgeValue(sheet, value, line)) continue;
    // The values of ConfigMaps and the like in a List.
    if (key === "data" && ["ConfigMap", "Secret"].includes(textAt(node, "kind") ?? "")) continue;
    walk(sheet, value, seen);
  }
}

/** A reference, an image volume's `{reference}`, or a custom resource's `{repository, tag, digest}`. */
function judgeValue(sheet: Sheet, value: YamlNode, line: number): boolean {
  if (value.kind === "scalar") {
    if (value.text !== "") judgeText(sheet, value.text, line);
    return true;
  }
  const reference = textAt(value, "reference");
  if (reference !== undefined) {
    judgeText(sheet, reference, line);
    return true;
  }
  const repository = textAt(value, "repository");
  if (repository === undefined || member(value, "tag") === undefined) return false;
  const registry = textAt(value, "registry");
  const tag = textAt(value, "tag");
  const digest = textAt(value, "digest") ?? textAt(value, "sha");
  const name = registry === undefined ? repository : `${registry}/${repository}`;
  const at = digest === undefined ? "" : `@${digest.includes(":") ? digest : `sha256:${digest}`}`;
  judgeText(sheet, `${name}${tag === undefined ? "" : `:${tag}`}${at}`, line);
  return true;
}

function judgeText(sheet: Sheet, text: string, line: number): void {
  if (/[$`]\(|\$\{|\{\{/.test(text)) {
    const facts = { ecosystem: "oci", name: text, line } as const;
    sheet.unknown(facts, "holds a variable", "judge the rendered file");
  } else judgeImage(sheet, text, line);
}
