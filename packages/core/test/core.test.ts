import * as core from "@mlsign/core";
import test from "ava";

test("the package exports these names", (t) => {
  t.snapshot(Object.keys(core));
});

const verdicts: [core.Verdict, core.Finding[]][] = [
  ["undecided", []],
  ["accepted", [core.finding("signature-valid", "pass", "ok")]],
  ["accepted", [core.finding("name-clash", "fail", "clash", { severity: "warning" })]],
  [
    "undecided",
    [
      core.finding("signature-valid", "pass", "ok"),
      core.finding("log-entry", "unknown", "no root"),
    ],
  ],
  [
    "defect",
    [core.finding("log-entry", "unknown", "?"), core.finding("root-match", "error", "bug")],
  ],
  [
    "refused",
    [core.finding("root-match", "error", "bug"), core.finding("file-changed", "fail", "x")],
  ],
];
for (const [verdict, findings] of verdicts) {
  test(`decide() says ${verdict} to ${findings.map((f) => f.outcome).join(" and ") || "nothing"}`, (t) => {
    t.is(core.decide(findings), verdict);
  });
}

test("decide() never lets an added finding turn a refusal into acceptance", (t) => {
  const refusal = core.finding("file-changed", "fail", "x");
  for (const [, findings] of verdicts) t.is(core.decide([...findings, refusal]), "refused");
});

test("printable() escapes what moves, hides or reorders text", (t) => {
  t.is(core.printable("a\u001b[31m\n\u202eb\u200b"), "a\\u{1b}[31m\\u{a}\\u{202e}b\\u{200b}");
  t.is(core.printable("模型 é"), "模型 é");
});

test("byUtf8() orders by code point where UTF-16 does not", (t) => {
  t.deepEqual(["\u{1f389}", "\uff41", "a/b", "a.b", "a"].toSorted(core.byUtf8), [
    "a",
    "a.b",
    "a/b",
    "\uff41",
    "\u{1f389}",
  ]);
});

test("canonicalJson() gives one form whatever the order of keys", (t) => {
  t.is(
    core.canonicalJson({ b: [1, "x"], a: { d: null, c: true } }),
    '{"a":{"c":true,"d":null},"b":[1,"x"]}',
  );
  t.throws(() => core.canonicalJson(Number.NaN), { instanceOf: RangeError });
});

test("exitOf() gives 70 to whatever is not ours", (t) => {
  t.is(core.exitOf(new TypeError("x")), 70);
  t.is(core.exitOf(new core.MlsignError("unsigned", "x")), 1);
  t.is(core.exitOf(new core.MlsignError("trust-missing", "x")), 2);
  t.is(core.exitOf(new core.MlsignError("service-failed", "x")), 3);
});

test("formatBytes() uses binary units", (t) => {
  t.deepEqual([0, 1023, 1536, 2 ** 31].map(core.formatBytes), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "2.0 GiB",
  ]);
});
