import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { type Shell, shell } from "./shell.ts";

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const withGit = hasGit ? test : test.skip;
const IMAGE = `registry.example/train@sha256:${"a".repeat(64)}`;
const RECORD = ["--data", "data.csv.dvc", "--container", IMAGE, "--key", "k.key"];

async function repository(
  t: ExecutionContext,
): Promise<Shell & { git: (...args: string[]) => void }> {
  const user = shell(t);
  const env = { PATH: process.env["PATH"] ?? "", HOME: user.cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]): void => {
    const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    execFileSync("git", [...who, ...args], { cwd: user.cwd, env, stdio: "pipe" });
  };
  await user.mlsign("keygen", "--out", "k");
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", "https://git.example/org/repo.git");
  writeFileSync(user.path(".gitignore"), "/data.csv\n/k.*\n/model*\n/eval.json\n");
  track(user, "a,b\n1,2\n");
  git("add", ".gitignore", "data.csv.dvc");
  git("commit", "-q", "-m", "data");
  return { ...user, git };
}

function track(user: Shell, content: string): void {
  writeFileSync(user.path("data.csv"), content);
  const md5 = createHash("md5").update(content).digest("hex");
  writeFileSync(user.path("data.csv.dvc"), `outs:\n- md5: ${md5}\n  hash: md5\n  path: data.csv\n`);
}

withGit("mlsign lineage record and verify agree, and say what nobody could look at", async (t) => {
  const user = await repository(t);
  const recorded = await user.mlsign("lineage", "record", "model.onnx", ...RECORD, "--json");
  t.is(recorded.exit, 0, recorded.err);
  t.deepEqual((JSON.parse(recorded.out) as { missing: unknown }).missing, []);
  const done = await user.mlsign("lineage", "verify", "model.onnx", "--key", "k.pub", "--offline");
  t.is(done.exit, 3, done.out);
  t.regex(done.out, /UNKNOWN +lineage-container/);
  t.regex(done.out, /PASS +lineage-data +"data\.csv" hashed again/);
});

withGit(
  "mlsign lineage verify refuses changed data, another key, two stories and none",
  async (t) => {
    const user = await repository(t);
    const verify = ["lineage", "verify", "model.onnx", "--offline", "--key"];
    t.is((await user.mlsign(...verify, "k.pub")).exit, 1);
    await user.mlsign("lineage", "record", "model.onnx", ...RECORD);
    writeFileSync(user.path("data.csv"), "poisoned");
    t.regex((await user.mlsign(...verify, "k.pub")).out, /FAIL +lineage-data/);
    await user.mlsign("keygen", "--out", "k.other");
    t.is((await user.mlsign(...verify, "k.other.pub")).exit, 1);
    track(user, "a,b\n1,2\n");
    await user.mlsign("lineage", "record", "model.onnx", ...RECORD.slice(0, 2), "--key", "k.key");
    t.regex((await user.mlsign(...verify, "k.pub")).out, /2 different lineages/);
  },
);

withGit("mlsign lineage record names what is missing and records it all the same", async (t) => {
  const user = await repository(t);
  writeFileSync(user.path("train.py"), "x");
  const done = await user.mlsign("lineage", "record", "model.onnx", "--key", "k.key");
  t.is(done.exit, 0);
  for (const what of ["the work tree", "no data", "no container"])
    t.true(done.err.includes(`missing: ${what}`), what);
  const verified = await user.mlsign(
    "lineage",
    "verify",
    "model.onnx",
    "--key",
    "k.pub",
    "--offline",
  );
  t.is(verified.exit, 1);
  t.regex(verified.out, /trained from a work tree that is in no\s+commit/);
});

withGit("mlsign lineage log prints each version of the data with its commit", async (t) => {
  const user = await repository(t);
  track(user, "v2");
  user.git("commit", "-q", "-a", "-m", "v2");
  const { out, exit } = await user.mlsign("lineage", "log");
  t.is(exit, 0);
  t.is(out.match(/data\.csv/g)?.length, 2);
  t.true(out.split("\n").every((line) => line.length <= 80));
  const { changes } = JSON.parse(
    (await user.mlsign("lineage", "log", "data.csv.dvc", "--json")).out,
  ) as {
    changes: { after: string; signature: string }[];
  };
  t.is(changes[0]?.after, createHash("md5").update("v2").digest("hex"));
  t.is(changes[0]?.signature, "none");
  t.regex(readFileSync(user.path("data.csv.dvc"), "utf8"), /md5/);
});
