import { type LineageGraph, type LineageNode, printable } from "@mlsign/core";
import { labelOf, MARKS, shortDigest } from "./words.ts";

/**
 * The graph as Mermaid, which forges draw in Markdown. At most 200 nodes: beyond, they refuse to.
 * Every character of a name that could mean something is written as its number.
 */
export function toMermaid(graph: LineageGraph): string {
  const shown = graph.nodes.slice(0, MOST_NODES);
  const names = new Map(shown.map(({ id }, i) => [id, `n${i}`]));
  const edges = graph.edges.flatMap(({ from, to, relation, status }) => {
    const [source, target] = [names.get(from), names.get(to)];
    if (source === undefined || target === undefined) return [];
    const arrow = status === "verified" ? "-->" : "-.->";
    return [`  ${source} ${arrow}|"${escaped(`${MARKS[status]} ${relation}`)}"| ${target}`];
  });
  const more = graph.nodes.length - shown.length;
  return [
    "graph LR",
    ...shown.map((node) => `  ${names.get(node.id)}${shape(node)}`),
    ...(more > 0 ? [`  more["… and ${more} more"]`] : []),
    ...edges,
    "",
  ].join("\n");
}

function shape(node: LineageNode): string {
  const text = `"${escaped(node.kind)}: ${escaped(labelOf(node))}<br/>${escaped(shortDigest(node))}"`;
  return node.kind === "model" ? `([${text}])` : `[${text}]`;
}

function escaped(text: string): string {
  const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return printable(short.toWellFormed()).replace(
    /[^\p{L}\p{N} .,_/@+:…✓✗∅-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}

const MOST_NODES = 200;
const MOST_CHARACTERS = 120;
