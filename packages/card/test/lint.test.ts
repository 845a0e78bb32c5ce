import { createHash } from "node:crypto";
import {
  CARD_RULES,
  type CardFile,
  lintCard,
  type LintOptions,
  parseCard,
  type RuleId,
} from "@mlsign/card";
import { decide } from "@mlsign/core";
import test from "ava";

const HEX = (digit: string): string => digit.repeat(64);
const GOOD = `---
license: apache-2.0
language: en
pipeline_tag: tabular-classification
library_name: sklearn
model-index:
  - name: fraud-net
    results:
      - task: {type: tabular-classification}
        dataset: {type: tx, name: tx}
        metrics: [{type: auc, value: 0.93}]
mlsign:
  schema: 1
  subject: {name: fraud-net, version: 1.2.0}
  training_data:
    - {name: tx, version: v3, digest: {sha256: ${HEX("a")}}, dvc: {md5: ${"1".repeat(31)}b.dir}}
  privacy:
    dp: {mechanism: dp-sgd, epsilon: 3.0, delta: 1.0e-6, unit: example, examples: 1000}
  robustness: [{attack: pgd, norm: linf, epsilon: 0.03, steps: 40, value: 0.61}]
  fairness:
    - {report: {uri: fair.txt, digest: {sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}}, date: 2026-10-01, metric: gap, value: 0.04, threshold: 0.1}
  limitations: [small]
  out_of_scope: [medicine]
  contact: security@acme.example
---
# fraud-net

See [the report](fair.txt).
`;
const OPTIONS: LintOptions = {
  modelName: "fraud-net",
  files: tree({ "fair.txt": "foo", "config.json": "{}" }),
  policy: { now: new Date("2026-11-24"), maxEpsilon: 8, maxFairnessAgeDays: 90 },
  bom: {
    root: {
      type: "machine-learning-model",
      name: "fraud-net",
      version: "1.2.0",
      hashes: [],
      modelCard: { quantitativeAnalysis: { performanceMetrics: [{ type: "auc", value: "0.93" }] } },
    },
    components: [{ type: "data", name: "tx", hashes: [{ alg: "SHA-256", content: HEX("a") }] }],
  },
};

test("lintCard() says which values a key may have", (t) => {
  const told = (from: string, to: string): string =>
    lintCard(parseCard(GOOD.replace(from, to), "README.md"), OPTIONS)
      .map(({ message }) => message)
      .join("\n");
  t.regex(told("schema: 1", "schema: 2"), /mlsign\.schema must be 1$/m);
  t.regex(told("norm: linf", "norm: l9"), /norm must be one of "l0", "l1", "l2", "linf"$/m);
});

test("lintCard() accepts a complete card", (t) => {
  const findings = lintCard(parseCard(GOOD, "README.md"), OPTIONS);
  t.deepEqual(
    findings.filter(({ outcome }) => outcome !== "pass"),
    [],
  );
  t.is(decide(findings), "accepted");
});

const EDITS: [RuleId, string, string, number?][] = [
  ["MC001", "---\nlicense", "---js\nlicense", 1],
  ["MC002", "license: apache-2.0", "license: mit\nlicense: apache-2.0", 3],
  ["MC002", "license: apache-2.0", "license: [", 3],
  ["MC003", "---\nlicense", "\n---\nlicense", 1],
  ["MC003", "---\nlicense", "\ufeff---\nlicense", 1],
  ["MC004", "language: en", "language: no", 3],
  ["MC004", "1.0e-6", "1e-6"],
  ["MC005", "See [", "[More Information Needed] [", 28],
  ["MC006", "  contact:", "  kontakt:", 24],
  ["MC006", "value: 0.61", "value: 61", 19],
  ["MC010", "license: apache-2.0", "license: other", 2],
  ["MC010", "license: apache-2.0", "license: my-own", 2],
  ["MC010", "license: apache-2.0\n", ""],
  ["MC012", "name: fraud-net, version", "name: other-net, version", 14],
  ["MC012", "version: 1.2.0", "version: 1.2.1", 14],
  ["MC013", "language: en", "language: qqx", 3],
  ["MC013", "pipeline_tag: tab", "pipeline_tag: x-tab", 4],
  [
    "MC020",
    `version: v3, digest: {sha256: ${HEX("a")}}, dvc: {md5: ${"1".repeat(31)}b.dir}`,
    "url: s3://x",
    16,
  ],
  ["MC021", "name: tx, version", "name: ty, version"],
  ["MC021", HEX("a"), HEX("b"), 16],
  ["MC022", `digest: {sha256: ${HEX("a")}}, `, "", 16],
  ["MC023", HEX("a"), "abc", 16],
  ["MC030", "epsilon: 3.0", "epsilon: 0", 18],
  ["MC030", "epsilon: 3.0", "epsilon: .inf", 18],
  ["MC030", "epsilon: 3.0", "epsilon: 9", 18],
  ["MC030", "delta: 1.0e-6", "delta: 0.001", 18],
  ["MC030", "delta: 1.0e-6, ", "", 18],
  [
    "MC030",
    "dp: {mechanism: dp-sgd, epsilon: 3.0, delta: 1.0e-6, unit: example, examples: 1000}",
    "dp: none",
    18,
  ],
  ["MC031", "value: 0.04", "value: 0.4", 21],
  ["MC031", "2026-10-01", "2025-10-01", 21],
  ["MC031", /, digest: \{sha256: 2c[0-9a-f]*\}/.exec(GOOD)?.[0] ?? "", "", 21],
  ["MC032", "  limitations: [small]\n", ""],
  ["MC033", "  out_of_scope: [medicine]\n", ""],
  ["MC034", "  contact: security@acme.example\n", ""],
  ["MC040", ", value: 0.93", "", 11],
  ["MC041", "value: 0.93", "value: 0.97", 11],
  ["MC042", "](fair.txt)", "](gone.txt)", 28],
  ["MC042", "](fair.txt)", "](../../etc/passwd)", 28],
  ["MC042", "2c26b46b", "3c26b46b", 21],
  ["MC043", "](fair.txt)", "](http://x.example)", 28],
  ["MC050", "See [", "<script>x</script> [", 28],
  ["MC050", "](fair.txt)", "](javascript:alert)", 28],
  ["MC050", "See", "S\u202eee", 28],
  ["MC050", "small", "sma\u200bll", 22],
  ["MC051", "license: apache-2.0", `license: apache-2.0\nx: ${"a".repeat(65536)}`, 1],
];
for (const [rule, from, to, line] of EDITS) {
  test(`lintCard() reports ${rule}: ${JSON.stringify(to).slice(0, 50)} for ${from.slice(0, 30)}`, (t) => {
    t.true(GOOD.includes(from));
    const found = lintCard(parseCard(GOOD.replace(from, to), "README.md"), OPTIONS);
    const hit = found.find((f) => f.outcome === "fail" && f.message.startsWith(`${rule} `));
    t.is(hit?.code, CARD_RULES[rule][0], JSON.stringify(found));
    t.is(hit?.location?.path, "README.md");
    if (line !== undefined) t.is(hit?.location?.line, line);
    t.notRegex(hit?.message ?? "", /[\p{Cc}\p{Cf}]/u);
  });
}

test("lintCard() reports MC011: the base model of the weights' configuration", (t) => {
  const files = tree({ "config.json": '{"_name_or_path":"google/bert"}', "fair.txt": "foo" });
  const [hit] = lintCard(parseCard(GOOD, "README.md"), { ...OPTIONS, files });
  t.regex(hit?.message ?? "", /^MC011 .*google\/bert/);
});

test("lintCard() follows the policy's levels", (t) => {
  const card = parseCard(GOOD.replace("license: apache-2.0\n", ""), "README.md");
  const levels = (level: "off" | "note" | "error"): unknown[] =>
    lintCard(card, { ...OPTIONS, policy: { now: new Date("2026-11-24"), rules: { MC010: level } } })
      .filter(({ outcome }) => outcome === "fail")
      .map(({ severity }) => severity);
  t.deepEqual(levels("off"), []);
  t.deepEqual(levels("note"), ["note"]);
  t.deepEqual(levels("error"), ["error"]);
});

test("lintCard() says which comparisons were not made", (t) => {
  const skipped = lintCard(parseCard(GOOD, "README.md")).filter(
    ({ outcome }) => outcome === "not-applicable",
  );
  t.deepEqual(
    skipped.map(({ message }) => message.slice(0, 5)),
    ["MC011", "MC012", "MC021", "MC041", "MC042"],
  );
});

const HOSTILE: [string, string | Buffer, RuleId][] = [
  ["an alias bomb", `---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\n`, "MC002"],
  ["code for gray-matter", "---js\nglobalThis.pwned = true\n---\n", "MC001"],
  ["100 MB", "a".repeat(100_000_000), "MC051"],
  ["a front matter of 900 kB", `---\na: ${"a".repeat(900_000)}\n---\n`, "MC051"],
  ["deep flow", `---\na: ${"[".repeat(60_000)}\n---\n`, "MC002"],
  ["deep blocks", `---\n${"- ".repeat(30_000)}a\n---\n`, "MC002"],
  ["a front matter that never ends", `---\n${"a\n".repeat(400_000)}`, "MC001"],
  ["bytes that are no text", Buffer.from([0x2d, 0xff, 0xfe]), "MC002"],
  ["a list for front matter", "---\n- a\n---\n", "MC002"],
];
for (const [name, text, rule] of HOSTILE) {
  test(`parseCard() meets ${name}`, (t) => {
    const start = performance.now();
    const found = lintCard(parseCard(text, "README.md"));
    t.true(
      found.some((f) => f.message.startsWith(rule) && f.severity === "error"),
      JSON.stringify(found),
    );
    t.is(decide(found), "refused");
    t.true(performance.now() - start < 10_000);
    t.false("pwned" in globalThis);
  });
}

test("parseCard() reads CRLF, and places lines as LF does", (t) => {
  const [lf, crlf] = [GOOD, GOOD.replaceAll("\n", "\r\n")].map((text) =>
    parseCard(text, "README.md"),
  );
  t.deepEqual(crlf?.frontMatter?.value, lf?.frontMatter?.value);
  t.is(crlf?.sections[0]?.line, 26);
  t.is(lf?.sections[0]?.line, 26);
});

test("parseCard() does not take a heading in a code block for one", (t) => {
  const { sections } = parseCard("# A\n```\n# B\n```\n## C ##\ntext\n", "README.md");
  t.deepEqual(
    sections.map(({ title, level, line }) => [title, level, line]),
    [
      ["A", 1, 1],
      ["C", 2, 5],
    ],
  );
});

test("lintCard() reads no file that a card only links to", (t) => {
  const untouched = (): never => t.fail("the file was read");
  const files = (path: string): CardFile | undefined =>
    path === "weights.bin" ? { bytes: untouched, sha256: untouched } : undefined;
  const card = parseCard("---\nlicense: mit\n---\n[weights](weights.bin)\n", "README.md");
  const found = lintCard(card, { files }).filter(({ message }) => message.startsWith("MC042"));
  t.deepEqual(found, []);
});

function tree(files: Readonly<Record<string, string>>): (path: string) => CardFile | undefined {
  return (path) => {
    const text = Object.hasOwn(files, path) ? (files[path] ?? "") : undefined;
    return text === undefined
      ? undefined
      : {
          bytes: () => Buffer.from(text),
          sha256: () => createHash("sha256").update(text).digest("hex"),
        };
  };
}
