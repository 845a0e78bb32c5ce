import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import test from "ava";
import { startGcs, startS3 } from "mlsign-test-stores";
import { CARD, CASES, POLICY, requirements, stagingPolicy } from "./model-files.ts";
import { shell } from "./shell.ts";

const ROOT = resolve(import.meta.dirname, "..");
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addFormat("date-time", (text) => !Number.isNaN(Date.parse(text)) && text.endsWith("Z"));
const validators = new Map(
  globSync("packages/{cli,report}/schemas/*.schema.json", { cwd: ROOT }).map((file) => {
    const schema = JSON.parse(readFileSync(resolve(ROOT, file), "utf8")) as object;
    return [basename(file).split(".")[0] ?? "", ajv.compile(schema)];
  }),
);

const commands: [string, string, string[]][] = [
  ["keygen", "keygen", ["keygen", "--out", "other"]],
  ["sign", "sign", ["sign", "model", "--key", "k.key"]],
  ["verify", "report", ["verify", "model", "--key", "k.pub"]],
  ["verify of a changed model", "report", ["verify", "model", "--key", "wrong.pub"]],
  [
    "attest",
    "attest",
    ["attest", "model", "--type", "urn:x:y", "--predicate", "eval.json", "--key", "k.key"],
  ],
  ["card lint", "report", ["card", "lint", "card.md"]],
  ["card convert", "card-convert", ["card", "convert", "card.md", "--to", "cyclonedx"]],
  [
    "card convert to a file",
    "card-convert",
    ["card", "convert", "card.md", "--to", "toolkit", "-o", "card.json"],
  ],
  [
    "card attest",
    "evidence-attest",
    ["card", "attest", "model", "--card", "card.md", "--key", "k.key"],
  ],
  [
    "card attest of a bad card",
    "report",
    ["card", "attest", "model", "--card", "eval.json", "--key", "k.key"],
  ],
  ["card verify", "report", ["card", "verify", "card.md", "--model", "model", "--key", "k.pub"]],
  ["sbom create", "sbom-create", ["sbom", "create", "model", "--card", "card.md"]],
  [
    "sbom attest",
    "evidence-attest",
    ["sbom", "attest", "model.onnx", "--sbom", "bom.json", "--key", "k.key"],
  ],
  ["sbom verify", "report", ["sbom", "verify", "model.onnx", "--key", "k.pub"]],
  ["scan", "report", ["scan", "model", "model.onnx"]],
  ["scan attest", "evidence-attest", ["scan", "attest", "model.onnx", "--key", "k.key"]],
  ["scan attest of a bad model", "report", ["scan", "attest", "model", "--key", "k.key"]],
  ["policy lint", "report", ["policy", "lint", "card.md"]],
  ["policy explain", "policy-explain", ["policy", "explain", "policy.yaml"]],
  ["policy test", "report", ["policy", "test", "policy.yaml", "--cases", "cases.yaml"]],
  ["deps check", "report", ["deps", "check"]],
  ["deps verify", "report", ["deps", "verify", "--lock", "requirements.txt", "--wheelhouse", "."]],
  [
    "deps attest",
    "evidence-attest",
    ["deps", "attest", "model", "requirements.txt", "--key", "k.key"],
  ],
  ["digest", "digest", ["digest", "model"]],
  ["approve", "approve", ["approve", "model", "--to", "staging", "--key", "k.key"]],
  ["verify --policy", "report", ["verify", "model", "--policy", "gate.yaml", "--to", "staging"]],
  ["trace diff", "trace-diff", ["trace", "diff", "model", "model", "--store", "store"]],
  ["trace", "trace", ["trace", "gaps", "--store", "store"]],
  ["store verify", "report", ["store", "verify", "--store", "store"]],
  ["store add", "store-add", ["store", "add", "model", "--store", "store", "--key", "k.pub"]],
  [
    "store export",
    "store-export",
    [
      "store",
      "export",
      "--evidence",
      "model",
      "--policy",
      "gate.yaml",
      "--to",
      "staging",
      "-o",
      "e.tar",
    ],
  ],
  [
    "promote",
    "promote",
    ["promote", "model", "--policy", "gate.yaml", "--to", "staging", "--key", "k.key"],
  ],
  [
    "a promotion that is refused",
    "report",
    ["promote", "model.onnx", "--policy", "gate.yaml", "--to", "staging", "--key", "k.key"],
  ],
  ["digest as DVC", "digest-dvc", ["digest", "model", "--format", "dvc"]],
  ["init", "init", ["init"]],
  ["init policy", "init-policy", ["init", "policy", "--key", "k.pub"]],
  ["inspect", "inspect", ["inspect", "model"]],
  ["an unsigned model", "error", ["verify", "model.onnx", "--key", "k.pub"]],
  ["a wrong option", "error", ["verify", "model", "--nope"]],
];
for (const [what, schema, args] of commands) {
  test(`mlsign --json prints one document that fits the schema: ${what}`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    writeFileSync(path("card.md"), CARD);
    writeFileSync(path("policy.yaml"), POLICY);
    writeFileSync(path("cases.yaml"), CASES);
    writeFileSync(path("gate.yaml"), stagingPolicy(readFileSync(path("k.pub"), "utf8")));
    writeFileSync(path("requirements.txt"), requirements("pkg", "1.0", "wheel"));
    if (args.includes("bom.json")) await mlsign("sbom", "create", "model.onnx", "-o", "bom.json");
    await mlsign("keygen", "--out", "wrong");
    await mlsign("sign", "model", "--key", "k.key");
    await mlsign(
      "attest",
      "model",
      "--type",
      "urn:x:z",
      "--predicate",
      "eval.json",
      "--key",
      "k.key",
    );
    if (args.includes("--store"))
      await mlsign("store", "add", "model", "--store", "store", "--key", "k.pub");
    const { out } = await mlsign(...args, "--json");
    const validate = validators.get(schema);
    t.truthy(validate);
    t.true(validate?.(JSON.parse(out)), JSON.stringify(validate?.errors, null, 1));
  });
}

for (const [what, schema, args] of [
  ["storage check", "report", ["check", "s3://models/prod", "--drill"]],
  ["storage check --model", "report", ["check", "--model", "eval.json", "--key", "k.pub"]],
  ["storage pin", "evidence-attest", ["pin", "eval.json", "s3://models/eval.json"]],
  ["storage pin of other bytes", "report", ["pin", "model.onnx", "s3://models/eval.json"]],
  ["storage attest", "evidence-attest", ["attest", "eval.json", "s3://models/eval.json"]],
  ["storage attest of other bytes", "report", ["attest", "model.onnx", "s3://models/eval.json"]],
] as [string, string, string[]][]) {
  test(`mlsign --json prints one document that fits the schema: ${what}`, async (t) => {
    const user = shell(t);
    await user.mlsign("keygen", "--out", "k");
    const server = await startS3();
    t.teardown(() => server.close());
    const bucket = server.create("models", { lock: true });
    const retention = { mode: "COMPLIANCE", until: new Date("2100-01-01T00:00:00Z") };
    bucket.put("eval.json", readFileSync(user.path("eval.json")), { retention });
    const env = { HOME: user.cwd, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const signer = args[0] === "check" ? [] : ["--key", "k.key"];
    const flags = [...signer, "--endpoint", server.endpoint, "--json"];
    const { out } = await user.as({ env }, "storage", ...args, ...flags);
    const validate = validators.get(schema);
    t.true(validate?.(JSON.parse(out)), JSON.stringify(validate?.errors, null, 1));
  });
}

test("mlsign storage check --evidence writes lines that fit the schema", async (t) => {
  const user = shell(t);
  const amazon = await startS3();
  const google = await startGcs();
  t.teardown(async () => Promise.all([amazon.close(), google.close()]));
  const bucket = amazon.create("models", {
    lock: true,
    defaultRetention: { mode: "COMPLIANCE", days: 365 },
  });
  for (const key of ["m/a", "m/b", "m/b"]) bucket.put(key, key);
  bucket.remove("m/b", undefined);
  const objects = google.create("models", { retentionSeconds: 60, objectRetention: true });
  objects.write("m/a", Buffer.from("a"));
  const env = {
    HOME: user.cwd,
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    GOOGLE_OAUTH_ACCESS_TOKEN: "c",
  };
  const validate = validators.get("storage-evidence");
  for (const [url, { endpoint }, count] of [
    ["s3://models/m", amazon, 2],
    ["gs://models/m", google, 1],
  ] as const) {
    const flags = ["--endpoint", endpoint, "--drill", "--evidence", "lines"];
    await user.as({ env }, "storage", "check", url, ...flags);
    const lines = readFileSync(user.path("lines"), "utf8").trimEnd().split("\n");
    t.is(lines.length, count);
    for (const line of lines)
      t.true(validate?.(JSON.parse(line)), JSON.stringify(validate?.errors, null, 1));
  }
});
