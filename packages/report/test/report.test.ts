import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type Finding, FINDING_CODES, finding } from "@mlsign/core";
import * as report from "@mlsign/report";
import test from "ava";
import fc from "fast-check";

const tool = { name: "mlsign", version: "1.2.3" };
const findings: Finding[] = [
  finding("signature-valid", "pass", "The signature was made by the trusted key"),
  finding("no-transparency", "fail", "The bundle has neither log entry nor timestamp", {
    severity: "warning",
    fix: "sign with --trust-config, or accept it for a private CA",
  }),
  finding(
    "file-changed",
    "fail",
    "The file weights/part-1.safetensors does not have the signed content",
    {
      location: { path: "weights/part-1.safetensors" },
      evidence: { wanted: "ab".repeat(32), found: "cd".repeat(32) },
      fix: "restore the file, or sign the model again",
    },
  ),
  finding("log-entry", "unknown", "No trusted log is known", { subject: "model.sig" }),
  finding("manifest-order", "fail", "The manifest is in the order of an earlier release", {
    severity: "note",
  }),
  finding("root-match", "error", "A rule of mlsign threw", {
    location: { path: "src/rule.ts", line: 3, column: 7 },
  }),
  finding("shards-blind", "not-applicable", "The signature has no shards"),
];
const sample: report.Report = {
  tool,
  command: "verify",
  subject: "models/bert",
  verdict: "refused",
  findings,
  facts: [{ kind: "bundle", source: "model.sig", at: "2026-01-02T03:04:05Z", value: { size: 7 } }],
};

test("the package exports these names", (t) => {
  t.snapshot(Object.keys(report));
});

const formats: Record<string, (r: report.Report) => string> = {
  text: report.toText,
  json: (r) => report.writeJson(report.toJson(r)),
  sarif: (r) => report.writeJson(report.toSarif(r)),
  junit: report.toJunit,
  markdown: report.toMarkdown,
};
for (const [format, render] of Object.entries(formats)) {
  if (format !== "sarif") test(`${format} looks like this`, (t) => t.snapshot(render(sample)));

  test(`${format} does not depend on the order of the findings`, (t) => {
    fc.assert(
      fc.property(fc.shuffledSubarray(findings, { minLength: findings.length }), (shuffled) => {
        t.is(render({ ...sample, findings: shuffled }), render(sample));
      }),
      { numRuns: 20 },
    );
  });

  test(`${format} shows no control, bidi or hidden character of a name`, (t) => {
    const name = "a\u001b[2J\u009b31m\r\n\u202egpj.exe\u2066\u200b\u2028\ud800\u0000";
    const text = render(hostile(name));
    t.notRegex(text, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    t.true(text.isWellFormed());
  });

  test(`${format} survives any name`, (t) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        t.notThrows(() => render(hostile(name)));
      }),
      { numRuns: 50 },
    );
  });
}

function hostile(name: string): report.Report {
  return {
    tool,
    command: "verify",
    subject: name,
    verdict: "refused",
    findings: [
      finding("file-extra", "fail", `The file ${name} is not signed`, {
        fix: `remove ${name}`,
        subject: name,
        location: { path: name },
        evidence: { name },
      }),
      finding("log-entry", "unknown", name, { subject: name }),
      finding("file-uncovered", "fail", name, { severity: "note", location: { path: name } }),
      finding("name-clash", "not-applicable", name),
    ],
    facts: [{ kind: "file", source: name, at: "2026-01-02T03:04:05Z", value: name }],
  };
}

test("toText() fits its columns, even with names that are one long word", (t) => {
  const long = "层".repeat(300);
  for (const columns of [60, 80, 132]) {
    for (const line of report.toText(hostile(long), { columns }).split("\n")) {
      t.true(report.displayWidth(line) <= columns, line);
    }
  }
});

test("toText() shows the first findings of a code, counts the rest and gives the fix once", (t) => {
  const many = Array.from({ length: 250 }, (_, i) =>
    finding("file-extra", "fail", `The file f${String(i).padStart(3, "0")} is not signed`, {
      fix: "remove it",
    }),
  );
  const text = report.toText({ ...sample, findings: many }, { limit: 3 });
  t.is(
    text,
    [
      "FAIL  file-extra  The file f000 is not signed",
      "FAIL  file-extra  The file f001 is not signed",
      "FAIL  file-extra  The file f002 is not signed",
      "FAIL  file-extra  … and 247 more",
      "                  fix: remove it",
      "",
      "models/bert: refused (250 fail)",
      "",
    ].join("\n"),
  );
});

test("toText() says the same with and without colour", (t) => {
  const coloured = report.toText(sample, { colour: true });
  t.true(coloured.includes("\u001b[31mFAIL"));
  t.is(stripVTControlCharacters(coloured), report.toText(sample));
});

test("toText() of no finding is the verdict", (t) => {
  t.is(
    report.toText({ ...sample, verdict: "undecided", findings: [] }),
    "models/bert: undecided (no findings)\n",
  );
});

test("toJson() keeps names as they are, and writeJson() changes no value", (t) => {
  const name = "\u202e\u009b\u{e0041}\n\u2028";
  const document = report.toJson(hostile(name));
  t.is(document.subject, name);
  const text = report.writeJson(document);
  t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(document)));
});

test("toJson() writes the members that its schema names, and all it requires", (t) => {
  const schema = JSON.parse(
    readFileSync(new URL("../schemas/report.v1.schema.json", import.meta.url), "utf8"),
  ) as Schema & { $defs: { finding: Schema; fact: Schema } };
  const document = report.toJson(sample) as Record<string, unknown>;
  t.deepEqual(Object.keys(document).toSorted(), Object.keys(schema.properties).toSorted());
  for (const [items, part] of [
    [document.findings, schema.$defs.finding],
    [document.facts, schema.$defs.fact],
  ] as [object[], Schema][]) {
    for (const item of items) {
      for (const key of Object.keys(item)) t.true(key in part.properties, key);
      for (const key of part.required) t.true(key in item, key);
    }
  }
});

interface Schema {
  properties: Record<string, unknown>;
  required: string[];
}

interface Sarif {
  runs: {
    tool: { driver: { rules: { id: string }[] } };
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: { physicalLocation?: { artifactLocation: { uri: string }; region?: object } }[];
      partialFingerprints: Record<string, string>;
    }[];
  }[];
}

function sarif(r: report.Report): Sarif["runs"][0] {
  return (report.toSarif(r) as unknown as Sarif).runs[0] as Sarif["runs"][0];
}

test("toSarif() has a rule for each code and a result for each finding that is no pass", (t) => {
  const run = sarif(sample);
  t.deepEqual(
    run.tool.driver.rules.map((rule) => rule.id),
    Object.keys(FINDING_CODES).toSorted(),
  );
  t.deepEqual(
    run.results.map((r) => [r.ruleId, r.level]),
    [
      ["file-changed", "error"],
      ["root-match", "error"],
      ["log-entry", "error"],
      ["no-transparency", "warning"],
      ["manifest-order", "note"],
    ],
  );
  for (const r of run.results) t.is(run.tool.driver.rules[r.ruleIndex]?.id, r.ruleId);
});

const uris: [string, string | undefined][] = [
  ["weights/a b.bin", "weights/a%20b.bin"],
  ["./模型.bin", "%E6%A8%A1%E5%9E%8B.bin"],
  ["javascript:alert(1)", "javascript%3Aalert(1)"],
  ["//evil.example/x", undefined],
  ["/etc/passwd", undefined],
  ["C:\\x", undefined],
  ["a/../../x", undefined],
  ["a?b#c", "a%3Fb%23c"],
  ["100%", "100%25"],
];
for (const [path, uri] of uris) {
  test(`toSarif() places "${path}" at ${uri ?? "no URI"}`, (t) => {
    const [result] = sarif({
      ...sample,
      subject: "/abs",
      findings: [finding("file-extra", "fail", "x", { location: { path } })],
    }).results;
    t.is(result?.locations[0]?.physicalLocation?.artifactLocation.uri, uri);
  });
}

test("toSarif() keeps a fingerprint when the message changes, and gives twins their own", (t) => {
  const of = (...messages: string[]): (string | undefined)[] =>
    sarif({
      ...sample,
      findings: messages.map((m) => finding("file-extra", "fail", m, { subject: "f" })),
    }).results.map((r) => r.partialFingerprints["mlsignFinding/v1"]);
  t.deepEqual(of("one"), of("two"));
  t.is(new Set(of("one", "two")).size, 2);
});

test("toSarif() has no link and no placeholder in a message", (t) => {
  const [result] = sarif(hostile("[x](https://evil.example){0}\\[y\\](z)")).results;
  t.false(result?.message.text.includes("[x]("));
  t.true(result?.message.text.includes("\\[x\\](https://evil.example){{0}}\\\\\\[y\\\\\\](z)"));
});

test("toJunit() lets no name become markup", (t) => {
  const xml = report.toJunit(
    hostile(`]]>"/><failure message='x'/><!-- & --></failure></testcase>\ufffe\uffff`),
  );
  t.deepEqual(
    [...xml.matchAll(/<([a-z-]+)/g)].map((m) => m[1]).join(" "),
    "testsuites testsuite properties property property " +
      "testcase failure testcase error testcase system-out testcase skipped",
  );
  t.notRegex(xml, /[\ufffe\uffff]|<!|]]>/);
  t.regex(xml, /tests="4" failures="1" errors="1" skipped="1"/);
});

test("toMarkdown() lets no name become markup, a link, a mention or a new line", (t) => {
  const name =
    "|`<b>*x*_y_~z~[l](https://evil.example)![i](u) www.evil.example a@evil.example @org/team #12 :tada: $x$ \\| &amp;\n# h";
  const markdown = report.toMarkdown(hostile(name));
  const rows = markdown.split("\n").filter((line) => line.startsWith("|"));
  t.is(rows.length, 2 + 4);
  for (const row of rows) t.is(row.split("|").length, 5, row);
  const tags = [...markdown.matchAll(/<[^>]*>/g)].map((m) => m[0]);
  t.deepEqual([...new Set(tags)].toSorted(), ["<!-- -->", "</code>", "<br>", "<code>"]);
  t.notRegex(markdown.replaceAll("<!-- -->", ""), /[*~[\]()!\\$@]|:\/\/|www\.|(?<!&)#1|:tada/);
  t.is(markdown.match(/`/g)?.length, 2 * 4);
});

test("table() aligns by display width, counting wide characters as two", (t) => {
  t.is(
    report.table([
      ["模型.bin", "12 B"],
      ["e\u0301.bin", "3 B"],
      ["🎉", "4 B"],
      ["a", ""],
    ]),
    ["模型.bin  12 B", "e\u0301.bin     3 B", "🎉        4 B", "a"].join("\n"),
  );
});

test("table() narrows the widest column, and wraps", (t) => {
  t.is(
    report.table([["code", "one two three four", "x".repeat(12)]], 30),
    ["code  one two      xxxxxxxxxxx", "      three four   x"].join("\n"),
  );
  t.is(report.table([]), "");
  t.is(report.table([["a\nb\u001b[0m"]]), "a\\u{a}b\\u{1b}[0m");
});
