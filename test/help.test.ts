import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { wheel } from "../packages/deps/test/zip.ts";
import { CARD, CASES, POLICY, requirements, stagingPolicy } from "./model-files.ts";
import { type Shell, shell } from "./shell.ts";

const COMMANDS = [
  "init",
  "keygen",
  "sign",
  "verify",
  "approve",
  "promote",
  "attest",
  "digest",
  "inspect",
  "scan",
];

const GROUPS = ["card", "sbom", "deps", "policy", "store", "trace"];
const BELOW = [
  "card lint",
  "card convert",
  "card attest",
  "card verify",
  "sbom create",
  "sbom attest",
  "sbom verify",
  "deps check",
  "deps verify",
  "deps attest",
  "policy lint",
  "scan attest",
  "policy explain",
  "policy test",
  "policy sign",
  "policy verify",
  "store export",
  "store add",
  "store verify",
  "store reindex",
  "store checkpoint",
  "trace model",
  "trace from",
  "trace purl",
  "trace file",
  "trace promotions",
  "trace signer",
  "trace gaps",
  "trace diff",
];

test("mlsign --help names every command, the exit codes and an example", async (t) => {
  const { mlsign } = shell(t);
  const { exit, out } = await mlsign("--help");
  t.is(exit, 0);
  for (const command of [...COMMANDS, ...GROUPS, "lineage", "commits"])
    t.regex(out, new RegExp(`^  ${command} `, "m"));
  for (const code of [0, 1, 2, 3, 70]) t.regex(out, new RegExp(`^  ${code} +\\S`, "m"));
});

for (const group of GROUPS) {
  test(`mlsign ${group} --help names its commands`, async (t) => {
    const { mlsign } = shell(t);
    const { exit, out } = await mlsign(group, "--help");
    t.is(exit, 0);
    const below = BELOW.filter((command) => command.startsWith(`${group} `));
    for (const command of below) t.regex(out, new RegExp(`^  ${command.split(" ")[1]} `, "m"));
    const bare = await mlsign(group);
    t.is(bare.exit, 2);
    t.is(bare.err, "mlsign: no command was named\nhint: see it with --help\n");
  });
}

for (const command of ["", "check", "pin", "attest"]) {
  // Its examples want a bucket: storage.test.ts has one.
  test(`mlsign storage ${command} --help fits the page`, async (t) => {
    const { mlsign } = shell(t);
    const { exit, out } = await mlsign("storage", ...command.split(" ").filter(Boolean), "--help");
    t.is(exit, 0);
    t.deepEqual(
      out.split("\n").filter((line) => line.length > 100),
      [],
    );
  });
}

for (const command of ["", ...COMMANDS, ...BELOW]) {
  test(`mlsign ${command} --help fits the page, and its examples work`, async (t) => {
    const user = shell(t);
    const { mlsign } = user;
    const { exit, out } = await mlsign(...command.split(" ").filter(Boolean), "--help");
    t.is(exit, 0);
    t.deepEqual(
      out.split("\n").filter((line) => line.length > 100),
      [],
    );
    const examples = [...out.matchAll(/^ {2}\$ mlsign (.+)$/gm)].map((match) => match[1] ?? "");
    t.true(examples.length > 0);
    if (command !== "") {
      await mlsign("keygen", "--out", "demo");
      for (const model of ["model", "model.onnx"]) await mlsign("sign", model, "--key", "demo.key");
      await evidence(user);
    }
    const root = (await mlsign("digest", "model.onnx")).out.trim();
    for (const written of examples) {
      const example = written.replace("DIGEST", root);
      const words = example.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));
      const done = await mlsign(...words);
      t.is(done.exit, 0, `${example}: ${done.err}`);
    }
  });
}

/** The card, lock file, wheel and environment that the examples speak of, and a signed card and BOM. */
async function evidence({ mlsign, path }: Shell): Promise<void> {
  const { bytes, filename } = wheel("pkg", "1.0", {});
  const site = ".venv/lib/python3.12/site-packages/pkg-1.0.dist-info";
  for (const folder of ["wheels", site]) mkdirSync(path(folder), { recursive: true });
  const metadata = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n";
  for (const [name, content] of [
    ["README.md", CARD],
    ["policy.yaml", POLICY],
    ["gate.yaml", stagingPolicy(readFileSync(path("demo.pub"), "utf8"))],
    ["cases.yaml", CASES],
    ["requirements.txt", requirements("pkg", "1.0", bytes)],
    [`wheels/${filename}`, bytes],
    [".venv/pyvenv.cfg", ""],
    [`${site}/METADATA`, metadata],
    [`${site}/WHEEL`, "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"],
  ] as const) {
    writeFileSync(path(name), content);
  }
  const key = ["--key", "demo.key"];
  const from = ["--card", "README.md", "--deps", "requirements.txt"];
  await mlsign("sbom", "create", "model.onnx", ...from, "-o", "bom.json");
  await mlsign("sbom", "attest", "model.onnx", "--sbom", "bom.json", ...key);
  await mlsign("card", "attest", "model.onnx", "--card", "README.md", ...key);
  await mlsign("policy", "sign", "gate.yaml", ...key);
  const kept = ["model.onnx.claims.jsonl", "--store", "store", "--key", "demo.pub"];
  await mlsign("store", "add", ...kept);
  const exported = ["-o", "m.evidence.tar"];
  const judged = ["--policy", "gate.yaml", "--to", "staging"];
  await mlsign("store", "export", "--evidence", "model.onnx", ...judged, ...exported);
}
