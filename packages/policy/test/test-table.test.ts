import { testPolicy } from "@mlsign/policy";
import test from "ava";
import { FACTS, load } from "./whole-policy.ts";

const table = (cases: string): Buffer =>
  Buffer.from(
    `schema: urn:mlsign:policy-test:v1\nnow: 2026-11-24T00:00:00Z\nfacts: ${JSON.stringify(FACTS)}\ncases:\n${cases}`,
  );
const run = (cases: string) => testPolicy(load(), table(cases), "cases.yaml");

test("testPolicy() passes what is decided as expected, by the rule that is expected", (t) => {
  const findings = run(`
  - { name: good, expect: accepted }
  - { name: not scanned, change: { scan: null }, expect: undecided, rules: [scan] }
  - { name: one approval, without: [li], expect: refused, rules: [require.approval] }
  - { name: later, now: 2027-02-01T00:00:00Z, expect: refused, rules: [expires] }
  - name: a third approval
    with: [{ id: bo, type: approval, status: valid, logged: true }]
    expect: accepted
`);
  t.deepEqual(
    findings.map(({ outcome }) => outcome),
    ["pass", "pass", "pass", "pass", "pass"],
  );
});

test("testPolicy() fails another verdict and another rule, and says where", (t) => {
  const [verdict, rule] = run(`
  - { name: good, expect: refused }
  - { name: dirty, change: { scan: refused }, expect: refused, rules: [storage] }
`);
  t.is(verdict?.outcome, "fail");
  t.regex(verdict?.message ?? "", /good: accepted, not refused/);
  t.is(verdict?.location?.line, 6);
  t.regex(rule?.message ?? "", /not by storage/);
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["an unknown key", "  - { name: x, expect: accepted, mood: x }\n", /unknown key "mood"/],
  [
    "a change to what is no fact",
    "  - { name: x, change: { scan: maybe }, expect: accepted }\n",
    /after the change/,
  ],
  [
    "evidence that is not there",
    "  - { name: x, without: [nobody], expect: accepted }\n",
    /no evidence nobody/,
  ],
  ["no verdict of ours", "  - { name: x, expect: fine }\n", /must be/],
];
for (const [what, cases, message] of REFUSED) {
  test(`testPolicy() refuses ${what}`, (t) => {
    t.throws(() => run(cases), { code: "config-invalid", message });
  });
}
