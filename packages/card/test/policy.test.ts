import { checkCardSubject, parseCard, parseCardPolicy } from "@mlsign/card";
import test from "ava";

test("parseCardPolicy() reads rules and limits, as YAML or JSON", (t) => {
  const text = "rules:\n  MC034: error\n  MC043: off\nmax-epsilon: 8\nmax-fairness-age-days: 90\n";
  const policy = {
    rules: { MC034: "error", MC043: "off" },
    maxEpsilon: 8,
    maxFairnessAgeDays: 90,
  } as const;
  t.deepEqual(parseCardPolicy(text, "p.yaml"), policy);
  t.deepEqual(parseCardPolicy('{"rules": {"MC034": "error"}}', "p.json"), {
    rules: { MC034: "error" },
  });
  t.deepEqual(parseCardPolicy("", "p.yaml"), {});
});

/** [what, text, expected message] */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["a key that is not known", "rule: {}", /unknown key "rule"/],
  ["a rule that is not known", "rules: { MC999: error }", /no rule "MC999"/],
  ["a name of every object", "rules: { constructor: error }", /no rule "constructor"/],
  ["a level that is none", "rules: { MC034: fatal }", /level of MC034/],
  ["rules that are a list", "rules: [MC034]", /not a mapping/],
  ["a limit that is no number", "max-epsilon: .inf", /not a number above 0/],
  ["a duplicate key", "max-epsilon: 1\nmax-epsilon: 9", /unique/],
  ["a list", "[1]", /not a mapping/],
  ["an alias", "a: &a 1\nb: *a\n", /alias/i],
  ["two documents", "{}\n---\n{}", /document/],
];
for (const [what, text, message] of REFUSED) {
  test(`parseCardPolicy() refuses ${what}`, (t) => {
    t.throws(() => parseCardPolicy(text, "p"), { code: "config-invalid", message });
  });
}

test("checkCardSubject() compares the root that a card names, and says where", (t) => {
  const card = (digest: string) =>
    parseCard(
      `---\nmlsign:\n  schema: 1\n  subject: { name: m${digest} }\n---\n`,
      "model.onnx.card.md",
    );
  const stated = card(`, digest: { sha256: ${"a".repeat(64)} }`);
  t.deepEqual(checkCardSubject(card(""), "a".repeat(64)), []);
  t.like(checkCardSubject(stated, "a".repeat(64))[0], { code: "card-match", outcome: "pass" });
  t.like(checkCardSubject(stated, "b".repeat(64))[0], {
    code: "card-match",
    outcome: "fail",
    severity: "error",
    location: { path: "model.onnx.card.md", line: 4 },
  });
});
