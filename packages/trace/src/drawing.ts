import type { LineageGraph, LineageNode } from "@mlsign/core";
import { layout } from "./layout.ts";
import { text } from "./markup.ts";
import { labelOf, MARKS, shortDigest } from "./words.ts";

/** The graph as SVG: each node is a link to its row, so that a keyboard reaches it. */
export function drawing(graph: LineageGraph): string {
  const numbers = new Map(graph.nodes.map(({ id }, i) => [id, i]));
  const places = layout(graph.nodes.slice(0, MOST_NODES), graph.edges);
  const at = new Map(places.map((place) => [place.node.id, place]));
  const columns = Math.max(0, ...places.map(({ column }) => column)) + 1;
  const rows = Math.max(0, ...places.map(({ row }) => row)) + 1;
  const [width, height] = [columns * WIDE + 16 - GAP, rows * HIGH + 16 - (HIGH - BOX_HIGH)];
  // Evidence of the same model at the same place would be drawn over each other: one line each pair.
  const pairs = Map.groupBy(graph.edges, ({ from, to }) => JSON.stringify([from, to]));
  const arrows = [...pairs.values()].flatMap((edges) => {
    const edge = edges.find(({ status }) => status === "verified") ?? edges[0];
    const [from, to] = [at.get(edge?.from ?? ""), at.get(edge?.to ?? "")];
    if (edge === undefined || from === undefined || to === undefined) return [];
    const [x1, y1] = [8 + from.column * WIDE + BOX_WIDE, 8 + from.row * HIGH + BOX_HIGH / 2];
    const [x2, y2] = [8 + to.column * WIDE, 8 + to.row * HIGH + BOX_HIGH / 2];
    const bend = Math.max(40, (x2 - x1) / 2);
    const label = `${MARKS[edge.status]} ${edge.relation}`;
    return [
      `<g class="edge ${edge.status}"><path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 7} ${y2}" marker-end="url(#tip)"/>` +
        `<text x="${x2 - 12}" y="${y2 - 6}" text-anchor="end">${text(label)}</text></g>`,
    ];
  });
  const boxes = places.map(({ node, column, row }) => {
    const [x, y] = [8 + column * WIDE, 8 + row * HIGH];
    const focus = node.id === graph.focus ? " focus" : "";
    const gone = node.id.startsWith("missing:") ? " gone" : "";
    return (
      `<a href="#thing-${numbers.get(node.id)}" class="box ${node.kind}${focus}${gone}" aria-label="${text(`${node.kind} ${labelOf(node)}`)}">` +
      `<rect x="${x}" y="${y}" width="${BOX_WIDE}" height="${BOX_HIGH}" rx="6"/>` +
      `<text class="kind" x="${x + 10}" y="${y + 16}">${text(node.kind)}</text>` +
      `<text class="name" x="${x + 10}" y="${y + 33}">${text(clipped(labelOf(node)))}</text>` +
      `<text class="digest" x="${x + 10}" y="${y + 48}">${text(digestLine(node))}</text></a>`
    );
  });
  const more = graph.nodes.length - places.length;
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="lineage graph">` +
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>' +
    `${arrows.join("")}${boxes.join("")}</svg>` +
    (more > 0 ? `<p>The drawing leaves out ${more} things; the tables have them all.</p>` : "")
  );
}

function digestLine(node: LineageNode): string {
  return node.id.startsWith("missing:") ? "missing" : shortDigest(node);
}

function clipped(name: string): string {
  const characters = Array.from(name);
  return characters.length <= 22 ? name : `${characters.slice(0, 21).join("")}…`;
}

const BOX_WIDE = 208;
const GAP = 150;
const WIDE: number = BOX_WIDE + GAP;
const BOX_HIGH = 58;
const HIGH = 78;
const MOST_NODES = 300;
