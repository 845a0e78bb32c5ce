import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { shell } from "./shell.ts";

const ATTEST = [
  "--type",
  "https://example.com/eval/v1",
  "--predicate",
  "eval.json",
  "--key",
  "k.key",
];

test("mlsign attest appends claims, and the same one once", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("keygen", "--out", "other");
  t.is((await mlsign("attest", "model", ...ATTEST)).exit, 0);
  const first = readFileSync(path("model/claims.jsonl"), "utf8");
  t.regex((await mlsign("attest", "model", ...ATTEST)).err, /holds this claim already/);
  t.is(readFileSync(path("model/claims.jsonl"), "utf8"), first);
  await mlsign("attest", "model", ...ATTEST.slice(0, -1), "other.key");
  const both = readFileSync(path("model/claims.jsonl"), "utf8");
  t.true(both.startsWith(first));
  t.is(both.trimEnd().split("\n").length, 2);
});

test("mlsign attest goes with a signature: neither breaks the other", async (t) => {
  const { mlsign } = shell(t);
  await mlsign("keygen", "--out", "k");
  for (const model of ["model", "model.onnx"]) {
    await mlsign("attest", model, ...ATTEST);
    await mlsign("sign", model, "--key", "k.key");
    await mlsign("attest", model, ...ATTEST, "--ignore-path", "none");
    t.is((await mlsign("verify", model, "--key", "k.pub")).exit, 0);
  }
});

test("mlsign attest writes beside a directory whose signature covers claims.jsonl", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const bundle = JSON.parse(readFileSync(path("model/model.sig"), "utf8")) as {
    dsseEnvelope: { payload: string };
  };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64")
    .toString()
    .replace('"claims.jsonl",', "");
  bundle.dsseEnvelope.payload = Buffer.from(payload).toString("base64");
  writeFileSync(path("model/model.sig"), JSON.stringify(bundle));
  t.is((await mlsign("attest", "model", ...ATTEST)).exit, 0);
  t.regex(readFileSync(path("model.claims.jsonl"), "utf8"), /^\{.*\}\n$/);
});

test("mlsign inspect lists each claim with its signer and whether it is about this model", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("attest", "model", ...ATTEST);
  t.regex((await mlsign("inspect", "model")).out, /about this model/);
  writeFileSync(path("model/config.json"), '{"new":1}');
  appendFileSync(path("model/claims.jsonl"), "not a bundle\n");
  const { out } = await mlsign("inspect", "model", "--json");
  const { claims } = JSON.parse(out) as { claims: { status: string }[] };
  t.deepEqual(
    claims.map(({ status }) => status),
    ["about another or an older model", "damaged"],
  );
});

test("mlsign attest keeps a line that another writer left without its end", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  writeFileSync(path("model/claims.jsonl"), "{half");
  await mlsign("attest", "model", ...ATTEST);
  const lines = readFileSync(path("model/claims.jsonl"), "utf8").split("\n");
  t.is(lines[0], "{half");
  t.notThrows(() => JSON.parse(lines[1] ?? ""));
});

for (const [what, args] of [
  ["a type that is no URI", ["--type", "eval", "--predicate", "eval.json"]],
  ["no predicate", ["--type", "urn:a:b", "--predicate", "nothing.json"]],
  ["a predicate that is no JSON", ["--type", "urn:a:b", "--predicate", "model/notes.txt"]],
] as const) {
  test(`mlsign attest exits 2 for ${what}`, async (t) => {
    const { mlsign } = shell(t);
    await mlsign("keygen", "--out", "k");
    t.is((await mlsign("attest", "model", ...args, "--key", "k.key")).exit, 2);
  });
}
