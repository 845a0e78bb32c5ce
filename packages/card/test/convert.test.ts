import { cardFormatOf, cardReferenceClaim, checkCardReference, convertCard } from "@mlsign/card";
import test from "ava";

const TOOLKIT = {
  model_details: {
    name: "m",
    overview: "It is a model.",
    version: { name: "1.0" },
    licenses: [{ identifier: "MIT" }],
    owners: [{ contact: "a@b.example" }],
  },
  model_parameters: {
    model_architecture: "tree",
    data: [{ name: "tx", link: "https://d.example" }],
    input_format: "csv",
    output_format: "json",
  },
  quantitative_analysis: { performance_metrics: [{ type: "auc", value: "0.9", slice: "test" }] },
  considerations: {
    users: [{ description: "bankers" }],
    use_cases: [{ description: "fraud" }],
    limitations: [{ description: "small" }],
    tradeoffs: [{ description: "slow" }],
    ethical_considerations: [{ name: "bias", mitigation_strategy: "review" }],
  },
};

test("convertCard() goes from the toolkit to CycloneDX and back, and names what is lost", (t) => {
  const there = convertCard(JSON.stringify(TOOLKIT), "toolkit", "cyclonedx");
  t.deepEqual(there.lost, ["contacts", "licenses", "name", "overview", "version"]);
  const back = convertCard(there.text, "cyclonedx", "toolkit");
  const { model_details: _, ...rest } = TOOLKIT;
  t.deepEqual(back.value, rest as unknown as typeof back.value);
  t.deepEqual(back.lost, []);
});

test("convertCard() goes from the toolkit to the Hub and back, and names what is lost", (t) => {
  const there = convertCard(JSON.stringify(TOOLKIT), "toolkit", "huggingface");
  t.deepEqual(there.lost, ["architecture", "inputFormat", "outputFormat"]);
  const back = convertCard(there.text, "huggingface", "toolkit").value as unknown as typeof TOOLKIT;
  t.deepEqual(back.model_details, TOOLKIT.model_details);
  t.deepEqual(back.quantitative_analysis, TOOLKIT.quantitative_analysis);
  t.deepEqual(back.considerations.limitations, TOOLKIT.considerations.limitations);
});

test("convertCard() keeps privacy and robustness as properties in CycloneDX", (t) => {
  const card = `---\nlicense: mit\nco2_eq_emissions: 3\nmlsign:\n  schema: 1\n  privacy: {dp: {mechanism: dp-sgd, epsilon: 3}}\n  robustness: [{attack: pgd, norm: linf, epsilon: 0.1, value: 0.5}]\n---\n# Secret Sauce\ntext\n`;
  const { value, lost } = convertCard(card, "huggingface", "cyclonedx");
  const names = (value as unknown as { properties: { name: string }[] }).properties.map(
    ({ name }) => name,
  );
  t.true(names.includes("mlsign:privacy:dp:epsilon"));
  t.true(names.includes("mlsign:robustness:0:norm"));
  t.deepEqual(lost, ["co2_eq_emissions", "licenses", 'section "Secret Sauce"']);
});

test("convertCard() names CycloneDX fields that it does not carry", (t) => {
  const text = JSON.stringify({
    considerations: { fairnessAssessments: [{ groupAtRisk: "x" }] },
    modelParameters: { datasets: [{ ref: "data:tx" }], approach: { type: "supervised" } },
  });
  t.deepEqual(convertCard(text, "cyclonedx", "toolkit").lost, [
    "considerations.fairnessAssessments",
    "modelParameters.approach",
    "modelParameters.datasets.ref",
  ]);
});

test("convertCard() refuses what is no card", (t) => {
  t.throws(() => convertCard("{", "toolkit", "cyclonedx"), { code: "json-invalid" });
  t.throws(() => convertCard("# no front matter", "huggingface", "toolkit"), { code: "usage" });
});

test("checkCardReference() accepts the card that was signed, and no other byte", (t) => {
  const card = Buffer.from("---\nlicense: mit\n---\n");
  const { predicate, predicateType } = cardReferenceClaim(card, { name: "README.md" });
  t.is(predicateType, "https://in-toto.io/attestation/reference/v0.1");
  t.deepEqual(
    checkCardReference(predicate, card).map(({ outcome }) => outcome),
    ["pass"],
  );
  for (let at = 0; at < card.length; at += 1) {
    const changed = Buffer.from(card);
    changed[at] = (changed[at] ?? 0) ^ 1;
    t.like(checkCardReference(predicate, changed)[0], { code: "card-match", outcome: "fail" });
  }
  for (const hostile of [
    null,
    [],
    {},
    { references: [null, { mediaType: "text/markdown", digest: 1 }] },
  ]) {
    t.is(checkCardReference(hostile, card)[0]?.outcome, "fail");
  }
});

/** [text, format] */
const FORMATS: readonly (readonly [string, string | undefined])[] = [
  ["---\nlicense: mit\n---\n", "huggingface"],
  ["# no front matter", "huggingface"],
  [JSON.stringify(TOOLKIT), "toolkit"],
  ['\ufeff {"modelParameters": {}}', "cyclonedx"],
  ['{"bomFormat": "CycloneDX"}', "cyclonedx"],
  ['{"considerations": {}}', undefined],
  ['{"a": 1, "a": 2}', undefined],
];

test("cardFormatOf() tells the formats apart", (t) => {
  for (const [text, format] of FORMATS) t.is(cardFormatOf(text), format as never, text);
});

test("convertCard() takes the card out of a whole bill of materials, and refuses one without", (t) => {
  const modelCard = convertCard(JSON.stringify(TOOLKIT), "toolkit", "cyclonedx").value;
  const bom = { bomFormat: "CycloneDX", metadata: { component: { modelCard } } };
  const { value } = convertCard(JSON.stringify(bom), "cyclonedx", "cyclonedx");
  t.deepEqual(value, modelCard);
  const none = JSON.stringify({ bomFormat: "CycloneDX", metadata: { component: {} } });
  t.throws(() => convertCard(none, "cyclonedx", "toolkit"), { code: "usage" });
});
