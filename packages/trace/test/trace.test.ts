import type { LineageGraph } from "@mlsign/core";
import test from "ava";
import {
  toCsv,
  toDot,
  toHtml,
  toJson,
  toMermaid,
  toOpenLineage,
  toProv,
  toTree,
} from "../src/index.ts";

const HOSTILE = [
  "<script>alert(1)</script>",
  '"]; evil --> x["',
  "=cmd|' /C calc'!A0",
  "\u001b[31m\u202e\u2028name",
  "</pre><img src=x onerror=alert(1)>",
  "` ${x} #quot; \\",
];

function graph(name: string): LineageGraph {
  return {
    question: `where ${name} came from`,
    focus: "sha256:aa",
    nodes: [
      { id: "sha256:aa", kind: "model", name, digests: { sha256: "aa" } },
      {
        id: "gitCommit:cc",
        kind: "commit",
        name: `git+https://x/${name}`,
        digests: { gitCommit: "cc" },
      },
      { id: "missing:card:x", kind: "card", name: "no signed card", digests: {} },
    ],
    edges: [
      {
        from: "sha256:aa",
        to: "gitCommit:cc",
        relation: "built from",
        status: "verified",
        signer: name,
        time: "2026-03-01T00:00:00.000Z",
        added: "2026-03-02T00:00:00.000Z",
        bundle: "b".repeat(64),
        type: name,
      },
      { from: "sha256:aa", to: "missing:card:x", relation: "has card", status: "missing" },
    ],
  };
}

const page = (name: string): string =>
  toHtml(graph(name), {
    bundles: [{ sha256: "b".repeat(64), text: name, statement: name }],
    made: "2026-05-01T00:00:00.000Z",
    tool: "mlsign",
    trust: "",
  });

for (const name of HOSTILE) {
  test(`a name like ${JSON.stringify(name)} is inert in every format`, (t) => {
    const plain = /[\p{Cf}\p{Zl}]|\p{Cc}(?<![\r\n\t])/u;
    const tree = toTree(graph(name));
    t.notRegex(tree, plain);
    const mermaid = toMermaid(graph(name));
    t.notRegex(mermaid, plain);
    t.is(mermaid.split("\n").length, toMermaid(graph("m")).split("\n").length);
    t.false(/[<>](?!br|\/?>)/.test(mermaid.replaceAll("<br/>", "").replaceAll(/-\.?->/g, "")));
    const dot = toDot(graph(name));
    // Outside its strings, a drawing says the same whatever the names are.
    const bare = (text: string) => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
    t.is(bare(dot), bare(toDot(graph("m"))));
    for (const row of toCsv(graph(name)).trimEnd().split("\r\n").slice(1))
      t.notRegex(row, /(?:^|,)"?[=+@-]/);
    const tags = (html: string) => html.replaceAll(/>[^<]*</g, "><").replaceAll(/"[^"]*"/g, '""');
    t.is(tags(page(name)), tags(page("m")));
    t.notRegex(page(name), plain);
    for (const document of [toJson(graph(name)), toProv(graph(name))])
      t.deepEqual(JSON.parse(JSON.stringify(document)), document);
  });
}

test("toHtml() lets nothing be loaded, and allows its own style and script by their hashes", (t) => {
  const html = page("m");
  t.regex(html, /default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
  t.notRegex(html, /\s(?:src|onclick|style)=/);
  t.notRegex(html, /href="(?!#)/);
});

test("toOpenLineage() has a run for each claim, with its status", (t) => {
  const [event, another] = toOpenLineage(graph("m"), "urn:mlsign", new Date(0));
  t.is(another, undefined);
  t.is(event?.eventType, "COMPLETE");
  t.regex(JSON.stringify(event), /"status":"verified"/);
});

test("toProv() leaves out what is missing", (t) => {
  t.is(Object.keys(toProv(graph("m")).entity ?? {}).length, 2);
});

test("toTree() ends in a circle, too", (t) => {
  const { edges, ...rest } = graph("m");
  const [first] = edges;
  const back = first && { ...first, from: "gitCommit:cc", to: "sha256:aa" };
  t.regex(toTree({ ...rest, edges: [...edges, ...(back ? [back] : [])] }), /\(above\)/);
});
