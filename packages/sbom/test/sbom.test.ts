import {
  type BomFacts,
  type BomTruth,
  checkBom,
  createBom,
  readBom,
  validateBom,
} from "@mlsign/sbom";
import test from "ava";

const HEX = (digit: string): string => digit.repeat(64);
const FACTS: BomFacts = {
  model: {
    name: "fraud-net",
    version: "1.2.0",
    root: HEX("a"),
    files: [
      { path: "b.bin", size: 2, sha256: HEX("2") },
      { path: "a.bin", size: 1, sha256: HEX("1") },
    ],
  },
  modelCard: { considerations: { technicalLimitations: ["none"] } },
  datasets: [
    {
      name: "tx",
      sha256: HEX("3"),
      dvcOid: `${"4".repeat(32)}.dir`,
      path: "data/tx.dvc",
      url: "s3://b/tx",
    },
  ],
  git: { commit: "5".repeat(40), remote: "https://example.com/r.git", dirty: false },
  container: { reference: "docker.io/library/python:3.12", digest: `sha256:${HEX("6")}` },
  baseModels: [{ name: "bert", purl: `pkg:huggingface/google/bert@${"7".repeat(40)}` }],
  dependencies: [
    {
      ecosystem: "pypi",
      name: "numpy",
      version: "2.0.0",
      installed: [{ algorithm: "sha256", hex: HEX("8") }],
      artifacts: [
        { filename: "numpy-2.0.0.tar.gz", hashes: [{ algorithm: "sha256", hex: HEX("9") }] },
        { url: "https://files.example/n.whl", hashes: [{ algorithm: "sha256", hex: HEX("8") }] },
      ],
    },
  ],
  timestamp: new Date("2026-11-22T00:00:00Z"),
  tool: { name: "mlsign", version: "0.1.0" },
};
const TRUTH: BomTruth = {
  files: FACTS.model.files,
  root: FACTS.model.root,
  dependencies: FACTS.dependencies,
  datasets: FACTS.datasets,
  commit: "5".repeat(40),
  container: { reference: "docker.io/library/python:3.12", digest: `sha256:${HEX("6")}` },
};

for (const spec of ["1.6", "1.7"] as const) {
  test(`createBom() makes valid ${spec}, the same for the same facts in any order`, async (t) => {
    const { json, bom } = await createBom({ ...FACTS, spec });
    t.is(bom.specVersion, spec);
    const reversed = { ...FACTS.model, files: FACTS.model.files.toReversed() };
    t.is((await createBom({ ...FACTS, model: reversed, spec })).json, json);
    t.deepEqual(
      (await validateBom(json)).map(({ outcome }) => outcome),
      ["pass"],
    );
    t.true(checkBom(readBom(json), TRUTH).every(({ outcome }) => outcome === "pass"));
  });
}

type Edit = (bom: any) => void; // oxlint-disable-line typescript/no-explicit-any
const FORM: [string, Edit, RegExp][] = [
  [
    "a dangling data set",
    (b) => (b.metadata.component.modelCard.modelParameters.datasets[0].ref = "x"),
    /datasets refer/,
  ],
  [
    "a dangling dependency",
    (b) => b.dependencies.push({ ref: "model:none" }),
    /dependencies refer/,
  ],
  [
    "a duplicate bom-ref",
    (b) => (b.components[0]["bom-ref"] = b.components[1]["bom-ref"]),
    /stands twice/,
  ],
  [
    "a short hash",
    (b) => (b.metadata.component.components[0].hashes[0].content = "0".repeat(32)),
    /has 32 digits/,
  ],
  [
    "a modelCard on a library",
    (b) => (b.components.find((c: { type: string }) => c.type === "library").modelCard = {}),
    /has a modelCard/,
  ],
  [
    "a purl that is none",
    (b) => (b.components.find((c: { type: string }) => c.type === "library").purl = "numpy"),
    /no package URL/,
  ],
  ["an unknown specVersion", (b) => (b.specVersion = "1.9"), /specVersion "1.9"/],
  ["no $schema", (b) => delete b.$schema, /\$schema is missing/],
  [
    "a commit that is none",
    (b) => (b.metadata.component.pedigree.commits[0].uid = "main"),
    /no object name/,
  ],
  ["an unknown field", (b) => (b.metadata.component.modelCard.x = 1), /additional properties/i],
];
for (const [name, edit, message] of FORM) {
  test(`validateBom() refuses ${name}`, async (t) => {
    const { json } = await createBom(FACTS);
    const bom: unknown = JSON.parse(json);
    edit(bom);
    const findings = await validateBom(JSON.stringify(bom));
    t.true(findings.every((f) => f.code === "sbom-form"));
    t.true(
      findings.some((f) => f.outcome === "fail" && message.test(f.message)),
      JSON.stringify(findings),
    );
  });
}

test("validateBom() warns where $schema is missing, as in the BOMs of other tools", async (t) => {
  const { bom } = await createBom(FACTS);
  const { $schema: _, ...rest } = bom;
  const found = (await validateBom(JSON.stringify(rest))).map((f) => [f.outcome, f.severity]);
  t.deepEqual(found, [
    ["fail", "warning"],
    ["pass", "note"],
  ]);
});

test("validateBom() warns where one element stands twice, as cdxgen's own name does", async (t) => {
  const bom = JSON.parse((await createBom(FACTS)).json) as {
    metadata: { component: { properties: object[] }; tools: { components: object[] } };
    annotations: object[];
  };
  const [component] = bom.metadata.tools.components;
  const annotation = { subjects: ["model"], annotator: { component }, text: "x" };
  bom.annotations = [{ ...annotation, timestamp: "2026-11-22T00:00:00Z" }];
  const told = async () =>
    (await validateBom(JSON.stringify(bom))).map(
      ({ outcome, severity, message }) => `${outcome} ${severity}: ${message}`,
    );
  const [first, ...rest] = await told();
  t.is(first, 'fail warning: bom-ref "tool:mlsign" stands twice, for the same');
  t.true(rest.every((line) => line.startsWith("pass")));
  bom.annotations = [
    { ...bom.annotations[0], annotator: { component: { ...component, version: "2" } } },
  ];
  t.deepEqual(await told(), ['fail error: bom-ref "tool:mlsign" stands twice']);
});

const TAMPERED: [string, Partial<BomTruth>, RegExp][] = [
  [
    "a changed file",
    {
      files: [
        { path: "a.bin", sha256: HEX("0") },
        { path: "b.bin", sha256: HEX("2") },
      ],
    },
    /a\.bin: .*SHA-256 1/,
  ],
  [
    "a missing file",
    { files: [...FACTS.model.files, { path: "c", sha256: HEX("0") }] },
    /c: the signed file is missing/,
  ],
  ["an extra file", { files: FACTS.model.files.slice(1) }, /b\.bin: .*not signed/],
  ["another root", { root: HEX("0") }, /root/],
  ["another commit", { commit: "0".repeat(40) }, /names commit/],
  [
    "another container",
    { container: { reference: "x", digest: `sha256:${HEX("0")}` } },
    /SHA-256 6/,
  ],
  ["another data set", { datasets: [{ name: "tx", sha256: HEX("0") }] }, /SHA-256 3/],
  [
    "an unpinned dependency",
    { dependencies: [{ ecosystem: "pypi", name: "scipy", version: "1", artifacts: [] }] },
    /not pinned/,
  ],
  [
    "another pin",
    {
      dependencies: [
        {
          ecosystem: "pypi",
          name: "NumPy",
          version: "2.0.0",
          installed: [{ algorithm: "sha256", hex: HEX("8") }],
        },
      ],
    },
    /SHA-256 9/,
  ],
];
for (const [name, change, message] of TAMPERED) {
  test(`checkBom() finds ${name}`, async (t) => {
    const view = readBom((await createBom(FACTS)).json);
    const failed = checkBom(view, { ...TRUTH, ...change }).filter(
      ({ outcome }) => outcome === "fail",
    );
    t.true(
      failed.some((f) => f.code === "sbom-match" && message.test(f.message)),
      JSON.stringify(failed),
    );
  });
}

test("checkBom() says what it could not compare", (t) => {
  const view = readBom(
    '{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"x","purl":"pkg:pypi/x@1"}]}',
  );
  t.true(checkBom(view, {}).every(({ outcome }) => outcome === "not-applicable"));
  const pins = [
    {
      ecosystem: "pypi",
      name: "x",
      version: "1",
      installed: [{ algorithm: "sha256", hex: HEX("1") }],
    },
  ];
  const outcomes = checkBom(view, { dependencies: pins, commit: "5".repeat(40) }).map(
    ({ outcome }) => outcome,
  );
  t.deepEqual(outcomes, [
    "not-applicable",
    "unknown",
    "not-applicable",
    "unknown",
    "not-applicable",
  ]);
});

test("createBom() keeps hostile names as data, and findings escape them", async (t) => {
  const path = 'a\u202e\n\u001b[31m"};.bin';
  const { json } = await createBom({
    ...FACTS,
    model: { ...FACTS.model, files: [{ path, size: 1, sha256: HEX("1") }] },
  });
  const [found] = checkBom(readBom(json), { files: [{ path, sha256: HEX("0") }] });
  t.is(found?.subject, path);
  t.notRegex(found?.message ?? "", /[\p{Cc}\p{Cf}]/u);
});

test("createBom() refuses two data sets of one name, which would get a random reference", async (t) => {
  const datasets = [{ name: "tx" }, { name: "tx" }];
  await t.throwsAsync(createBom({ ...FACTS, datasets }), { code: "usage", message: /twice/ });
});

test("checkBom() cannot tell where a bill of materials names no files", (t) => {
  const view = readBom('{"bomFormat":"CycloneDX","specVersion":"1.5"}');
  const [found] = checkBom(view, { files: FACTS.model.files });
  t.is(found?.outcome, "unknown");
});

test("checkBom() takes the one file of a model by any name, and by its digest", (t) => {
  const bom = (component: object): ReturnType<typeof readBom> =>
    readBom(
      JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", metadata: { component } }),
    );
  const hashes = [{ alg: "SHA-256", content: HEX("1") }];
  const file = { type: "file", name: "model.onnx", hashes };
  const outcome = (component: object, sha256: string): string | undefined =>
    checkBom(bom(component), { files: [{ path: ".", sha256 }] })[0]?.outcome;
  for (const component of [file, { type: "x", name: "m", components: [file] }]) {
    t.is(outcome(component, HEX("1")), "pass");
    t.is(outcome(component, HEX("2")), "fail");
  }
  const two = { type: "x", name: "m", components: [file, { ...file, name: "other" }] };
  t.is(outcome(two, HEX("1")), "fail");
});

test("checkBom() knows a scoped package again", async (t) => {
  const hashes = [{ algorithm: "sha512", hex: "1".repeat(128) }];
  const dependencies = [
    { ecosystem: "npm", name: "@a/b", version: "1.0.0", artifacts: [{ hashes }] },
  ];
  const { json } = await createBom({ ...FACTS, dependencies });
  t.true(json.includes('"pkg:npm/%40a/b@1.0.0"'));
  t.true(
    checkBom(readBom(json), { dependencies }).every(
      ({ outcome }) => outcome !== "fail" && outcome !== "unknown",
    ),
  );
});

test("validateBom() checks each of many files, in linear time", async (t) => {
  const files = Array.from({ length: 3000 }, (_, n) => ({
    path: `f${n}`,
    size: 1,
    sha256: HEX("1"),
  }));
  const { json } = await createBom({ ...FACTS, model: { ...FACTS.model, files } });
  const bom = JSON.parse(json) as { metadata: { component: { components: { type: string }[] } } };
  const last = bom.metadata.component.components[2999];
  if (last !== undefined) last.type = "nonsense";
  t.is((await validateBom(JSON.stringify(bom)))[0]?.outcome, "fail");
});

test("createBom() refuses facts that make no valid bill of materials", async (t) => {
  const git = { commit: "main", remote: "https://example.com/r.git" };
  await t.throwsAsync(createBom({ ...FACTS, git }), { code: "usage" });
});

for (const text of [
  "",
  "[]",
  '{"bomFormat":"SPDX"}',
  '{"bomFormat":"CycloneDX","specVersion":"1.2"}',
  '{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}',
]) {
  test(`readBom() refuses ${JSON.stringify(text)}`, (t) => {
    t.throws(() => readBom(text), { code: "json-invalid" });
  });
}

test("createBom() keeps a commit that has no remote", async (t) => {
  const git = { commit: "5".repeat(40) };
  const { json, bom } = await createBom({ ...FACTS, git });
  t.deepEqual(readBom(json).root?.commits, [git.commit]);
  t.notRegex(JSON.stringify(bom), /"vcs"/);
});

test("checkBom() finds a data set by the path that DVC knows it by", async (t) => {
  const view = readBom((await createBom(FACTS)).json);
  const datasets = [{ name: "data/tx.dvc", sha256: HEX("3") }];
  const outcomes = (truth: BomTruth): string[] =>
    checkBom(view, truth)
      .filter(({ outcome }) => outcome !== "not-applicable")
      .map(({ outcome }) => outcome);
  t.deepEqual(outcomes({ datasets }), ["pass"]);
  t.deepEqual(outcomes({ datasets: [{ name: "data/tx.dvc", sha256: HEX("0") }] }), ["fail"]);
});

test("checkBom() says which kinds of components nothing was compared with", (t) => {
  const view = readBom(
    JSON.stringify({
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      components: [
        { type: "operating-system", name: "debian" },
        { type: "library", name: "libc", purl: "pkg:deb/debian/libc6@2" },
        { type: "library", name: "x", purl: "pkg:pypi/x@1" },
        { type: "file", name: "/etc/passwd" },
      ],
    }),
  );
  const messages = (truth: BomTruth): string[] => checkBom(view, truth).map((f) => f.message);
  const pin = { ecosystem: "pypi", name: "x", version: "1" };
  t.true(
    messages({ dependencies: [pin] }).includes(
      "components that were not compared with anything: 1 of type file, 1 of type library, 1 of type operating-system",
    ),
  );
});

test("checkBom() compares base models by their root", async (t) => {
  const baseModels = [{ name: "google/bert", root: HEX("7") }];
  const view = readBom((await createBom({ ...FACTS, baseModels })).json);
  const outcomes = (models: NonNullable<BomTruth["baseModels"]>): string[] =>
    checkBom(view, { baseModels: models })
      .filter(({ outcome }) => outcome !== "not-applicable")
      .map(({ outcome }) => outcome);
  t.deepEqual(outcomes(baseModels), ["pass"]);
  t.deepEqual(outcomes([{ name: "google/bert", root: HEX("8") }]), ["fail"]);
  t.deepEqual(outcomes([{ name: "google/bert", root: undefined }]), ["unknown"]);
  t.deepEqual(outcomes([{ name: "openai/gpt", root: HEX("7") }]), ["fail"]);
});
