import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import test from "ava";
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
  ["digest", "digest", ["digest", "model"]],
  ["inspect", "inspect", ["inspect", "model"]],
  ["an unsigned model", "error", ["verify", "model.onnx", "--key", "k.pub"]],
  ["a wrong option", "error", ["verify", "model", "--nope"]],
];
for (const [what, schema, args] of commands) {
  test(`mlsign --json prints one document that fits the schema: ${what}`, async (t) => {
    const { mlsign } = shell(t);
    await mlsign("keygen", "--out", "k");
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
    const { out } = await mlsign(...args, "--json");
    const validate = validators.get(schema);
    t.truthy(validate);
    t.true(validate?.(JSON.parse(out)), JSON.stringify(validate?.errors, null, 1));
  });
}
