import { type LineageEdge, type LineageGraph, printable } from "@mlsign/core";
import { labelOf, MARKS, nodesOf, rootsOf, shortDigest } from "./words.ts";

export interface TreeOptions {
  readonly colour?: boolean;
}

/** The graph as a tree for a terminal; what was shown once is not shown again. Ends in a newline. */
export function toTree(graph: LineageGraph, { colour = false }: TreeOptions = {}): string {
  const nodes = nodesOf(graph);
  const below = Map.groupBy(graph.edges, ({ from }) => from);
  const lines: string[] = [];
  const shown = new Set<string>();
  const show = (id: string, indent: string): void => {
    shown.add(id);
    const edges = below.get(id) ?? [];
    for (const [i, edge] of edges.entries()) {
      const last = i === edges.length - 1;
      const node = nodes.get(edge.to);
      const again = shown.has(edge.to) && below.has(edge.to);
      const name = node === undefined ? edge.to : labelOf(node);
      const digest = node === undefined ? "" : ` ${shortDigest(node)}`;
      const what = `${printable(edge.relation)} ${printable(name)}${digest}`.trimEnd();
      const branch = `${indent}${last ? "└─" : "├─"} ${mark(edge, colour)}`;
      lines.push(`${branch} ${what}${again ? " (above)" : ""}`);
      const deeper = `${indent}${last ? "   " : "│  "}`;
      // On a line of its own: names and signers are long, and terminals are not.
      if (edge.status !== "missing") lines.push(`${deeper}${said(edge)}`);
      if (!again) show(edge.to, deeper);
    }
  };
  for (const root of rootsOf(graph)) {
    lines.push(`${printable(labelOf(root))} ${shortDigest(root)}`.trimEnd());
    show(root.id, "");
  }
  if (lines.length === 0) lines.push("nothing is known");
  if (graph.truncated === true) lines.push("… and more, which is not shown");
  return `${lines.join("\n")}\n`;
}

function said({ status, signer, time, added }: LineageEdge): string {
  const who = signer === undefined ? "" : printable(signer).replace(LONG_KEY, "$1…");
  const by = status === "verified" ? `by ${who}` : `claiming to be ${who}`;
  const claimed = signer === undefined ? "" : ` ${by}`;
  const when = time === undefined ? `, added ${toSeconds(added)}` : ` at ${toSeconds(time)}`;
  return `${status}${claimed}${when}`;
}

function toSeconds(time: string | undefined): string {
  return time?.replace(/\.\d+Z$/, "Z") ?? "?";
}

function mark({ status }: LineageEdge, colour: boolean): string {
  const codes = { verified: 32, unverified: 33, failed: 31, missing: 35 };
  return colour ? `\u001b[${codes[status]}m${MARKS[status]}\u001b[0m` : MARKS[status];
}

/** A key's digest: every other form of the answer has it whole. */
const LONG_KEY = /\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g;
