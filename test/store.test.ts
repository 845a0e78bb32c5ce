import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { shell } from "./shell.ts";

test("a checkpoint tells a journal that was cut or written anew, and may grow", async (t) => {
  const { mlsign, path } = shell(t);
  for (const name of ["k", "eve"]) await mlsign("keygen", "--out", name);
  await mlsign("sign", "model", "--key", "k.key");
  await mlsign("approve", "model", "--to", "staging", "--key", "k.key");
  const add = ["store", "add", "model", "--store", "store", "--key", "k.pub"];
  t.is((await mlsign(...add)).exit, 0);
  const made = ["store", "checkpoint", "--store", "store", "-o", "c.json", "--key", "k.key"];
  const signed = await mlsign(...made);
  t.is(signed.exit, 0, signed.err);
  t.is((await mlsign(...made)).exit, 2, "never overwritten");
  const check = (key: string, file = "c.json") =>
    mlsign("store", "verify", "--store", "store", "--checkpoint", file, "--key", key);
  const whole = await check("k.pub");
  t.is(whole.exit, 0, whole.out);
  t.regex(whole.out, /first 2 lines are those of the checkpoint/);
  t.is((await check("eve.pub")).exit, 1, "by somebody else");
  t.is((await mlsign("store", "verify", "--store", "store", "--checkpoint", "c.json")).exit, 2);
  await mlsign("approve", "model", "--to", "prod", "--key", "k.key");
  t.is((await mlsign(...add)).exit, 0);
  t.is((await check("k.pub")).exit, 0, "it grew");
  // The chain of what is left holds: only the checkpoint tells.
  cpSync(path("store"), path("kept"), { recursive: true });
  const [first = ""] = readFileSync(path("store/journal.jsonl"), "utf8").split("\n");
  writeFileSync(path("store/journal.jsonl"), `${first}\n`);
  const cut = await check("k.pub");
  t.is(cut.exit, 1);
  t.regex(cut.out, /1 lines, the checkpoint 2: it\s+was cut/);
  const { mlsign: other, path: there } = shell(t);
  await other("keygen", "--out", "k");
  await other("sign", "model", "--key", "k.key");
  for (const to of ["a", "b"]) await other("approve", "model", "--to", to, "--key", "k.key");
  await other("store", "add", "model", "--store", "store", "--key", "k.pub");
  cpSync(there("store"), path("store"), { recursive: true, force: true });
  const forged = await check("k.pub");
  t.is(forged.exit, 1);
  t.regex(forged.out, /are not those of the\s+checkpoint/);
  writeFileSync(path("no.json"), "{}");
  t.is((await check("k.pub", "no.json")).exit, 1);
  t.is((await check("k.pub", "model/model.sig")).exit, 1, "another statement");
});

test("a broken journal gets no checkpoint", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  await mlsign("store", "add", "model", "--store", "store", "--key", "k.pub");
  appendFileSync(path("store/journal.jsonl"), '{"sequence":9}\n');
  const args = ["store", "checkpoint", "--store", "store", "-o", "c.json", "--key", "k.key"];
  const done = await mlsign(...args);
  t.is(done.exit, 1, done.err);
  t.throws(() => readFileSync(path("c.json")), { code: "ENOENT" });
});

test("mlsign trace diff tells what changed between two models, escaped and in 80 columns", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  cpSync(path("model"), path("other"), { recursive: true });
  writeFileSync(path("other/config.json"), '{"a": 1}\n');
  writeFileSync(path("other/new.txt"), "1\n");
  for (const [model, version] of [
    ["model", "2.1.0"],
    ["other", "2.2.0"],
  ] as const) {
    const pin = `--hash=sha256:${"0".repeat(64)}`;
    writeFileSync(path("requirements.txt"), `numpy==${version} ${pin}\n`);
    await mlsign("sign", model, "--key", "k.key", "--allow-unsafe", "a test");
    await mlsign("sbom", "create", model, "--deps", "requirements.txt", "-o", `${model}.json`);
    await mlsign("sbom", "attest", model, "--sbom", `${model}.json`, "--key", "k.key");
    t.is((await mlsign("store", "add", model, "--store", "s", "--key", "k.pub")).exit, 0);
  }
  const { exit, out, err } = await mlsign("trace", "diff", "model", "other", "--store", "s");
  t.is(exit, 0, err);
  t.regex(out, /^~ +package +pkg:pypi\/numpy +2\.1\.0 -> 2\.2\.0/m);
  t.regex(out, /^\+ +file +new\.txt/m);
  t.true(out.split("\n").every((line) => line.length <= 80));
  t.regex(err, /not compared: one of them has no lineage/);
  const same = await mlsign("trace", "diff", "model", "model", "--store", "s");
  t.is(same.out, "no difference is known\n");
  t.is((await mlsign("trace", "diff", "model", "gone", "--store", "s")).exit, 2);
});
