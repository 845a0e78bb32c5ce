/** Other people's CycloneDX: their validators on our bills of materials, our reader on theirs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decide } from "@mlsign/core";
import { checkDependencies, type PinView } from "@mlsign/deps";
import {
  type BomDependency,
  type BomFacts,
  checkBom,
  createBom,
  readBom,
  validateBom,
} from "@mlsign/sbom";
import test, { type ExecutionContext } from "ava";
import { available, type Workshop, workshop } from "./cells.ts";

const HEX = (digit: string): string => digit.repeat(64);

/** Everything that a bill of materials of ours can hold. */
const FACTS: BomFacts = {
  model: {
    name: "fraud-net",
    version: "1.2.0",
    purl: `pkg:huggingface/acme/fraud-net@${"1".repeat(40)}`,
    root: HEX("a"),
    files: [
      { path: "weights/part 1.safetensors", size: 2, sha256: HEX("2") },
      { path: "конфиг \u{1f600}\n\u0001.json", size: 1, sha256: HEX("1") },
      { path: ".", size: 0, sha256: HEX("0") },
    ],
  },
  modelCard: {
    modelParameters: {
      approach: { type: "supervised" },
      task: "tabular-classification",
      architectureFamily: "transformer",
      modelArchitecture: "TabNet",
      inputs: [{ format: "csv" }],
      outputs: [{ format: "json" }],
    },
    quantitativeAnalysis: {
      performanceMetrics: [
        {
          type: "auc",
          value: "0.93",
          slice: "test",
          confidenceInterval: { lowerBound: "0.92", upperBound: "0.94" },
        },
      ],
    },
    considerations: {
      users: ["analysts"],
      useCases: ["fraud"],
      technicalLimitations: ["none"],
      performanceTradeoffs: ["speed"],
      ethicalConsiderations: [{ name: "bias", mitigationStrategy: "audit" }],
      fairnessAssessments: [
        { groupAtRisk: "age<25", benefits: "b", harms: "h", mitigationStrategy: "m" },
      ],
      environmentalConsiderations: {
        energyConsumptions: [
          {
            activity: "training",
            energyProviders: [
              {
                organization: { name: "grid" },
                energySource: "wind",
                energyProvided: { value: 2, unit: "kWh" },
              },
            ],
            activityEnergyCost: { value: 2, unit: "kWh" },
            co2CostEquivalent: { value: 1, unit: "tCO2eq" },
          },
        ],
      },
    },
    properties: [{ name: "mlsign:privacy:dp:epsilon", value: "3.0" }],
  },
  datasets: [
    {
      name: "tx",
      sha256: HEX("3"),
      dvcOid: `${"4".repeat(32)}.dir`,
      path: "data/tx.dvc",
      url: "s3://bucket/tx",
    },
    { name: "holdout" },
  ],
  git: { commit: "5".repeat(40), remote: "https://git.example/r.git", dirty: true },
  container: { reference: "registry.example:5000/lib/python:3.12", digest: `sha256:${HEX("6")}` },
  baseModels: [
    { name: "bert", version: "1", purl: `pkg:huggingface/google/bert@${"7".repeat(40)}` },
    { name: "own", sha256: HEX("8") },
  ],
  dependencies: [
    {
      ecosystem: "pypi",
      name: "numpy",
      version: "2.0.0+local.1",
      installed: [{ algorithm: "sha256", hex: HEX("8") }],
      artifacts: [
        { filename: "numpy 2.0.0.tar.gz", hashes: [{ algorithm: "sha256", hex: HEX("9") }] },
        {
          url: "https://registry.example/n.whl",
          hashes: [
            { algorithm: "sha256", hex: HEX("8") },
            { algorithm: "sha512", hex: HEX("8").repeat(2) },
          ],
        },
      ],
    },
    {
      ecosystem: "npm",
      name: "@scope/name",
      version: "1.0.0-rc.1",
      artifacts: [{ hashes: [{ algorithm: "sha512", hex: HEX("c").repeat(2) }] }],
    },
  ],
  timestamp: new Date("2026-11-22T00:00:00Z"),
  tool: { name: "mlsign", version: "0.1.0" },
};

type Break = readonly [what: string, from: RegExp, to: string];
/** Breaks what the schema, and not only we, must see. */
const BREAKS: readonly [Break, ...Break[]] = [
  ["an unknown field in the model card", /"modelCard": \{/, '"modelCard": {"x": 1,'],
  ["a hash that is none", new RegExp(`"${HEX("2")}"`), '"zz"'],
  ["a serial number that is none", /"urn:uuid:[^"]*"/, '"urn:uuid:1"'],
];

for (const spec of ["1.6", "1.7"] as const) {
  test(`our ${spec} bill of materials with everything in it is valid to cyclonedx-python-lib and to cdxgen`, async (t) => {
    if (!(await available(t, { peers: ["cdxgen", "cyclonedx-py"] }))) return;
    const shop = await bomWorkshop(t);
    const { json } = await createBom({ ...FACTS, spec });
    const files = [shop.write("bom.json", json)];
    for (const [index, [what, from, to]] of BREAKS.entries()) {
      const broken = json.replace(from, to);
      t.not(broken, json, what);
      t.is(decide(await validateBom(broken)), "refused", what);
      files.push(shop.write(`broken-${index}.json`, broken));
    }
    const [ours, ...broken] = (await python(shop, spec, files)) as (string | null)[];
    t.is(ours, null);
    for (const [index, error] of broken.entries()) t.truthy(error, BREAKS[index]?.[0]);
    // cdxgen's validator stumbles over a dependency without `dependsOn`, which the schema allows.
    for (const [name, text] of [
      ["whole", json],
      ["broken", json.replace(BREAKS[0][1], BREAKS[0][2])],
    ] as const) {
      const bom = JSON.parse(text) as { dependencies: { dependsOn?: string[] }[] };
      for (const entry of bom.dependencies) entry.dependsOn ??= [];
      shop.write(`${name}.json`, JSON.stringify(bom));
    }
    await shop.ok(shop.cdxValidate, "--strict", VALIDATE, "--input", "whole.json");
    const refusal = /schema validation failed/;
    await shop.refused(refusal, shop.cdxValidate, "--strict", VALIDATE, "--input", "broken.json");
  });
}

const REQUIREMENTS = `alpha==1.0 --hash=sha256:${HEX("1")}
Beta_x==2.0 --hash=sha256:${HEX("2")}
`;
const PACKAGE_LOCK = {
  name: "own",
  version: "1.0.0",
  lockfileVersion: 3,
  packages: {
    "": { name: "own", version: "1.0.0", dependencies: { "@a/b": "1.0.0", c: "2.0.0" } },
    "node_modules/@a/b": {
      version: "1.0.0",
      resolved: "https://registry.example/@a/b/-/b-1.0.0.tgz",
      integrity: `sha512-${Buffer.alloc(64, 1).toString("base64")}`,
    },
    "node_modules/c": {
      version: "2.0.0",
      resolved: "https://registry.example/c/-/c-2.0.0.tgz",
      integrity: `sha512-${Buffer.alloc(64, 2).toString("base64")}`,
    },
  },
};

/** Each tool makes `bom.json` of what lies in `project`. */
const CDXGEN = ["--no-install-deps", "--output", "bom.json", "project", "-t"];
const MAKERS = [
  [
    "cyclonedx-py of requirements",
    "cyclonedx-py",
    ["requirements", "project/requirements.txt", "--output-file", "bom.json"],
  ],
  ["cdxgen of requirements", "cdxgen", [...CDXGEN, "python"]],
  ["cdxgen of a package-lock.json", "cdxgen", [...CDXGEN, "js"]],
] as const;

for (const [what, maker, args] of MAKERS) {
  test(`${what}: the bill of materials is read, and its hashes are held against the lock`, async (t) => {
    if (!(await available(t, { peers: [maker] }))) return;
    const shop = await bomWorkshop(t);
    const lock = what.includes("requirements") ? "requirements.txt" : "package-lock.json";
    if (lock === "requirements.txt") shop.write(`project/${lock}`, REQUIREMENTS);
    else {
      shop.write(`project/${lock}`, JSON.stringify(PACKAGE_LOCK));
      shop.write("project/package.json", JSON.stringify(PACKAGE_LOCK.packages[""]));
    }
    await shop.ok(shop.programs.paths[maker], args);
    const text = readFileSync(shop.path("bom.json"));
    const form = await validateBom(text);
    t.is(decide(form), "accepted", form.map(({ message }) => message).join("; "));
    const view = readBom(text);
    const pins = checkDependencies(shop.path(`project/${lock}`)).entries.map(dependency);
    t.is(pins.length, 2);
    const told = (dependencies: readonly BomDependency[]) =>
      checkBom(view, { dependencies }).filter(({ outcome }) => outcome !== "not-applicable");
    t.deepEqual(
      told(pins).map(({ outcome }) => outcome),
      ["pass"],
    );
    const other = pins.map((pin) => ({
      ...pin,
      artifacts: [
        {
          hashes: [{ algorithm: lock === "requirements.txt" ? "sha256" : "sha512", hex: HEX("f") }],
        },
      ],
    }));
    t.deepEqual(
      told(other).map(({ outcome }) => outcome),
      ["fail", "fail"],
    );
    t.is(decide(told(pins.slice(1))), "refused", "one dependency more than is pinned");
  });
}

test("cyclonedx-py of an environment: packages without hashes are unknown, never accepted", async (t) => {
  if (!(await available(t, { peers: ["cyclonedx-py", "pip-23"] }))) return;
  const shop = await bomWorkshop(t);
  const python = join(dirname(shop.programs.paths["pip-23"] ?? ""), "python");
  await shop.ok(shop.programs.paths["cyclonedx-py"], "environment", python, "-o", "bom.json");
  const view = readBom(readFileSync(shop.path("bom.json")));
  t.true(view.components.some(({ purl }) => purl === "pkg:pypi/pip@23.2.1"));
  const dependencies = view.components.map(({ name, version = "" }) => ({
    ecosystem: "pypi",
    name,
    version,
    artifacts: [{ hashes: [{ algorithm: "sha256", hex: HEX("1") }] }],
  }));
  const findings = checkBom(view, { dependencies });
  t.is(decide(findings), "undecided");
  t.is(findings.filter(({ outcome }) => outcome === "unknown").length, dependencies.length);
});

function dependency({ ecosystem, name, version = "", hashes }: PinView): BomDependency {
  return { ecosystem, name, version, artifacts: [{ hashes }] };
}

interface BomWorkshop extends Workshop {
  readonly cdxValidate: string;
}

async function bomWorkshop(t: ExecutionContext): Promise<BomWorkshop> {
  // Otherwise cdxgen asks pnpm, which here is what npx would fetch.
  const shop = await workshop(t, { GLOBAL_NODE_MODULES_PATH: "/nonexistent" });
  return { ...shop, cdxValidate: join(dirname(shop.programs.paths.cdxgen ?? ""), "cdx-validate") };
}

async function python(shop: Workshop, spec: string, files: readonly string[]): Promise<unknown> {
  const program = join(dirname(shop.programs.paths["cyclonedx-py"] ?? ""), "python");
  const { stdout } = await shop.ok(program, "-c", PYTHON, spec, files);
  return JSON.parse(stdout);
}

/** How many of an auditor's wishes a bill of materials fulfils is not asked. */
const VALIDATE = ["--benchmark", "scvs-l1", "--fail-severity", "critical"];
const PYTHON = `
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1]))
def fault(name):
    error = validator.validate_str(open(name, encoding="utf-8").read())
    return None if error is None else repr(error)[:300]
print(json.dumps([fault(name) for name in sys.argv[2:]]))
`;
