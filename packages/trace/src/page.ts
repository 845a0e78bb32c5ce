import { createHash } from "node:crypto";
import type { EdgeStatus, LineageEdge, LineageGraph, LineageNode } from "@mlsign/core";
import { drawing } from "./drawing.ts";
import { lines, text } from "./markup.ts";
import { SCRIPT } from "./page-script.ts";
import { STYLE } from "./page-style.ts";
import { labelOf, MARKS } from "./words.ts";

/** A bundle as the store has it. */
export interface PageBundle {
  readonly sha256: string;
  readonly text: string;
  /** The statement in it, to be read by people. */
  readonly statement?: string;
  /** What its verification found, where it was made anew. */
  readonly checks?: readonly {
    readonly outcome: string;
    readonly code: string;
    readonly message: string;
  }[];
}

export interface PageOptions {
  readonly bundles: readonly PageBundle[];
  /** When the page was made; ISO 8601. */
  readonly made: string;
  readonly tool: string;
  /** What the statuses rest on, in words. */
  readonly trust: string;
}

/**
 * One HTML file with everything in it: no request leaves it, and its content security policy allows
 * the one style and the one script by their hashes and nothing else. Without the script it is whole,
 * but for the search.
 */
export function toHtml(graph: LineageGraph, options: PageOptions): string {
  const { bundles, made, tool, trust } = options;
  const numbers = new Map(graph.nodes.map(({ id }, i) => [id, i]));
  const known = new Set(bundles.map(({ sha256 }) => sha256));
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(STYLE)}'`,
    `script-src '${hashOf(SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${text(`Lineage: ${graph.question}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#claims">Skip to the claims</a>
<header>
<h1>${text(sentence(graph.question))}</h1>
<p class="soft">${graph.asOf === undefined ? "As known" : `As known on ${text(graph.asOf)}, looked up`} on ${text(made)}. ${text(trust)}</p>
<ul class="counts">${counts(graph.edges)}</ul>
${graph.truncated === true ? "<p><strong>There is more than is shown here.</strong></p>" : ""}
</header>
<main>
<div class="find" id="finder" hidden><label for="find">Search</label><input id="find" type="search" autocomplete="off" spellcheck="false" placeholder="a name, digest, signer or status – press / to come here"><span id="found" role="status" class="soft"></span></div>
<h2>Graph</h2>
<div class="draw" tabindex="0" role="region" aria-label="Graph, scrollable">${drawing(graph)}</div>
<h2 id="claims">What is claimed, by whom, and whether it holds</h2>
${table(
  ["Status", "Of", "Claim", "About", "Signer", "Trusted time", "Bundle"],
  graph.edges.map((edge) => claimRow(edge, graph, numbers, known)),
)}
<h2>Signers</h2>
${signers(graph.edges)}
<h2>Things</h2>
${table(
  ["Kind", "Name", "Digests", "More"],
  graph.nodes.flatMap((node, i) => (node.id.startsWith("missing:") ? [] : [thingRow(node, i)])),
)}
<h2>Bundles</h2>
<p class="soft">Byte for byte as they were signed; the SHA-256 of each is its name.</p>
${bundles.map(bundleEntry).join("\n")}
</main>
<footer>${text(tool)}. ${LEGEND}</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function claimRow(
  edge: LineageEdge,
  { nodes }: LineageGraph,
  numbers: ReadonlyMap<string, number>,
  known: ReadonlySet<string>,
): string {
  const link = (id: string): string => {
    const i = numbers.get(id);
    const node = i === undefined ? undefined : nodes[i];
    if (node === undefined) return text(id);
    if (id.startsWith("missing:")) return text(node.name);
    return `<a href="#thing-${i}">${text(labelOf(node))}</a>`;
  };
  const by =
    edge.signer === undefined
      ? '<span class="soft">nobody known</span>'
      : `${edge.status === "verified" ? "" : '<span class="soft">claims to be </span>'}${text(edge.signer)}`;
  const when =
    edge.time === undefined
      ? `<span class="soft">not witnessed${edge.added === undefined ? "" : `; added ${day(edge.added)}`}</span>`
      : day(edge.time);
  const missing = edge.status === "missing";
  const bundle =
    edge.bundle === undefined
      ? ""
      : known.has(edge.bundle)
        ? `<a href="#bundle-${text(edge.bundle)}"><code>${text(edge.bundle.slice(0, 12))}…</code></a>`
        : `<code>${text(edge.bundle.slice(0, 12))}…</code>`;
  return `<tr data-item><td class="status">${status(edge.status)}</td><td>${link(edge.from)}</td><td>${text(edge.relation)}</td><td>${link(edge.to)}</td><td>${missing ? "" : by}</td><td class="time">${missing ? "" : when}</td><td>${bundle}</td></tr>`;
}

function thingRow(node: LineageNode, i: number): string {
  const digests = Object.entries(node.digests).map(
    ([algorithm, value]) => `${text(algorithm)}:<code>${text(value)}</code>`,
  );
  const more = Object.entries(node.details ?? {}).map(
    ([name, value]) => `${text(name)}: ${text(value)}`,
  );
  return `<tr data-item id="thing-${i}"><td>${text(node.kind)}</td><td>${text(node.name)}</td><td>${digests.join("<br>")}</td><td>${more.join("<br>")}</td></tr>`;
}

function signers(edges: readonly LineageEdge[]): string {
  const by = Map.groupBy(
    edges.filter(({ signer }) => signer !== undefined),
    ({ signer }) => signer ?? "",
  );
  if (by.size === 0) return '<p class="soft">Nobody.</p>';
  return table(
    ["Signer", "Claims", "Earliest trusted time", "Latest"],
    [...by].map(([signer, own]) => {
      const times = own.flatMap(({ time }) => time ?? []).toSorted();
      const bundles = Map.groupBy(own, ({ status: it }) => it);
      const tally = [...bundles].map(
        ([it, some]) => `${new Set(some.map(({ bundle }) => bundle)).size} ${status(it)}`,
      );
      const [first, last] = [times[0], times.at(-1)];
      return `<tr data-item><td>${text(signer)}</td><td>${tally.join("<br>")}</td><td class="time">${first === undefined ? "" : day(first)}</td><td class="time">${last === undefined ? "" : day(last)}</td></tr>`;
    }),
  );
}

function bundleEntry({ sha256, text: raw, statement, checks }: PageBundle): string {
  const rows = (checks ?? []).map(
    ({ outcome, code, message }) =>
      `<tr><td class="status">${text(outcome)}</td><td><code>${text(code)}</code></td><td>${text(message)}</td></tr>`,
  );
  return [
    `<details data-item id="bundle-${text(sha256)}"><summary><code>${text(sha256)}</code></summary>`,
    ...(rows.length === 0
      ? []
      : ["<h3>Checks</h3>", table(["Outcome", "Check", "What was found"], rows)]),
    ...(statement === undefined
      ? []
      : [`<h3>What it states</h3><pre tabindex="0">${lines(statement)}</pre>`]),
    `<h3>The bundle</h3><pre tabindex="0">${lines(raw)}</pre></details>`,
  ].join("");
}

function counts(edges: readonly LineageEdge[]): string {
  return (["verified", "unverified", "failed", "missing"] as const)
    .flatMap((it) => {
      const count = edges.filter((edge) => edge.status === it).length;
      return count === 0 ? [] : [`<li>${count} ${status(it)}</li>`];
    })
    .join("");
}

function status(it: EdgeStatus): string {
  return `<span class="s ${it}">${MARKS[it]} ${it}</span>`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  const cells = head.map((name) => `<th scope="col">${name}</th>`).join("");
  if (rows.length === 0) return '<p class="soft">Nothing.</p>';
  return `<div class="wide"><table><thead><tr>${cells}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** `2026-03-01 12:00` with the whole time for whoever hovers. */
function day(time: string): string {
  return `<time datetime="${text(time)}" title="${text(time)}">${text(time.slice(0, 16).replace("T", " "))} UTC</time>`;
}

function sentence(question: string): string {
  return `${question.slice(0, 1).toUpperCase()}${question.slice(1)}`;
}

function hashOf(content: string): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}

const LEGEND =
  "✓ verified: the signature holds, by the signer named. ? unverified: nobody could check it. ✗ failed: the signature does not hold. ∅ missing: there is no such evidence.";
