import { lintPolicy, matches, matchesGlob, parsePattern, parsePolicy } from "@mlsign/policy";
import { Ajv2020 } from "ajv/dist/2020.js";
import test from "ava";
import tableSchema from "../schemas/policy-test.v1.schema.json" with { type: "json" };
import policySchema from "../schemas/policy.v1.schema.json" with { type: "json" };

const GOOD = `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2027-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: { transparency: log }
identities:
  trainer: { issuer: https://issuer.example, subject: train@example.com }
  approver: { issuer: https://issuer.example, subjectIn: [ana@example.com] }
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: lineage, type: lineage, by: [trainer] }
  - { id: approval, type: approval, by: [approver], distinctFrom: [lineage] }
references: { digestOnly: true }
`;
const NOW = new Date("2026-11-24T00:00:00Z");

test("lintPolicy() accepts a good policy, and parsePolicy() names it by digest", (t) => {
  t.true(lintPolicy(Buffer.from(GOOD), "p.yaml", NOW).every(({ outcome }) => outcome === "pass"));
  t.regex(parsePolicy(Buffer.from(GOOD), "p.yaml").sha256, /^[0-9a-f]{64}$/);
});

/** [what, changed from, to, message, line, column] */
const REFUSED: readonly (readonly [string, string, string, RegExp, number, number])[] = [
  ["an unknown key", "mode:", "mood: x\nmode:", /unknown key "mood"/, 5, 1],
  ["a duplicate key", "mode:", "name: x\nmode:", /unique/, 5, 1],
  ["an alias", "{ to: prod }", "{ to: &a prod, from: *a }", /anchor|alias/, 6, 18],
  ["a signed type without a signer", "signature, by: [trainer]", "signature", /no signer/, 12, 5],
  ["a signer that is not named", "by: [approver]", "by: [boss]", /no identity "boss"/, 14, 42],
  ["no distinct approval", ", distinctFrom: [lineage]", "", /no approval by somebody other/, 11, 1],
  ["no witness, unsaid", "transparency: log", "transparency: none", /not said why/, 7, 1],
  [
    "an expression with groups",
    "subject: train@example.com",
    'subjectRegexp: "^(a+)+$"',
    /not supported/,
    9,
    46,
  ],
];
for (const [what, from, to, message, line, column] of REFUSED) {
  test(`lintPolicy() and parsePolicy() refuse ${what}, with its place`, (t) => {
    const bytes = Buffer.from(GOOD.replace(from, to));
    const failed = lintPolicy(bytes, "p.yaml", NOW).filter(
      (f) => f.outcome === "fail" && f.severity === "error",
    );
    t.regex(failed[0]?.message ?? "", message);
    t.deepEqual(failed[0]?.location, { path: "p.yaml", line, column });
    t.throws(() => parsePolicy(bytes, "p.yaml"), { code: "config-invalid", message });
  });
}

test("lintPolicy() refuses bombs and an expired policy", (t) => {
  for (const text of ["[".repeat(10_000), "- ".repeat(10_000), "a".repeat(2 ** 20 + 1)])
    t.is(lintPolicy(Buffer.from(text), "p", NOW)[0]?.outcome, "fail");
  const late = lintPolicy(Buffer.from(GOOD), "p", new Date("2027-01-01T00:00:00Z"));
  t.true(late.some(({ message }) => message.includes("expired")));
});

test("matches() is anchored, and linear in what it is given", (t) => {
  for (const [pattern, text, expected] of [
    ["^a[0-9]+b?$", "a12", true],
    ["^a[0-9]+b?$", "a", false],
    ["^a\\.b$", "axb", false],
    ["^[^/]*$", "a/b", false],
    ["^.*$", "", true],
  ] as const)
    t.is(matches(parsePattern(pattern), text), expected, `${pattern} ${text}`);
  const started = performance.now();
  t.false(matches(parsePattern(`^${"a*".repeat(100)}b$`), "a".repeat(5000)));
  t.true(performance.now() - started < 20_000);
  t.true(matchesGlob("refs/tags/v*", "refs/tags/v1"));
  t.false(matchesGlob("refs/tags/v*", "refs/tags/v1/x"));
});

test("the schemas are valid by their own", (t) => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false });
  for (const schema of [policySchema, tableSchema])
    t.true(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
});
