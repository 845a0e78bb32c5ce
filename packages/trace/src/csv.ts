import { type LineageGraph, printable } from "@mlsign/core";
import { nodesOf } from "./words.ts";

/**
 * An edge a row (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe
 * before it, as spreadsheets themselves write text.
 */
export function toCsv(graph: LineageGraph): string {
  const nodes = nodesOf(graph);
  const digestOf = (id: string): string => {
    const digests = Object.entries(nodes.get(id)?.digests ?? {});
    return digests.map(([algorithm, value]) => `${algorithm}:${value}`).join(" ");
  };
  const rows = graph.edges.map((edge) => [
    nodes.get(edge.from)?.name ?? edge.from,
    digestOf(edge.from),
    edge.relation,
    nodes.get(edge.to)?.kind ?? "",
    nodes.get(edge.to)?.name ?? edge.to,
    digestOf(edge.to),
    edge.status,
    edge.signer ?? "",
    edge.time ?? "",
    edge.added ?? "",
    edge.type ?? "",
    edge.bundle ?? "",
  ]);
  return [HEADER, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  // Blanks, and full-width signs, are passed over by what looks for a formula.
  const safe = printable(text);
  const inert = /^[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/.test(safe) ? `'${safe}` : safe;
  return /[",\s]/.test(inert) || inert !== safe ? `"${inert.replaceAll('"', '""')}"` : inert;
}

const HEADER = [
  "from",
  "from digests",
  "relation",
  "kind",
  "to",
  "to digests",
  "status",
  "signer",
  "trusted time",
  "added",
  "predicate type",
  "bundle sha256",
];
