import { type EdgeStatus, type LineageGraph, printable } from "@mlsign/core";
import { labelOf, MARKS, shortDigest } from "./words.ts";

/** The graph for Graphviz. Labels are quoted strings, never HTML; identifiers are ours. */
export function toDot(graph: LineageGraph): string {
  const names = new Map(graph.nodes.map(({ id }, i) => [id, `n${i}`]));
  return [
    "digraph lineage {",
    "  rankdir=LR;",
    '  node [shape=box, fontname="sans-serif"];',
    ...graph.nodes.map((node) => {
      const label = [node.kind, labelOf(node), shortDigest(node)].map(escaped).join("\\n");
      return `  ${names.get(node.id)} [label="${label}"${node.kind === "model" ? ", style=bold" : ""}];`;
    }),
    ...graph.edges.flatMap(({ from, to, relation, status }) => {
      const [source, target] = [names.get(from), names.get(to)];
      if (source === undefined || target === undefined) return [];
      const label = escaped(`${MARKS[status]} ${relation}`);
      return [`  ${source} -> ${target} [label="${label}", style=${STYLES[status]}];`];
    }),
    "}",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return printable(text).replaceAll(/["\\]/g, String.raw`\$&`);
}

const STYLES: Readonly<Record<EdgeStatus, string>> = {
  verified: "solid",
  unverified: "dashed",
  failed: "bold",
  missing: "dotted",
};
