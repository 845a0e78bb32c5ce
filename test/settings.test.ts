import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import test from "ava";
import { shell } from "./shell.ts";

test("mlsign sign takes data from the repository's mlsign.yaml, and flags win", async (t) => {
  const { as, mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  mkdirSync(path(".git"));
  writeFileSync(path("mlsign.yaml"), "hash: blake2b\nignore-path:\n  - notes.txt\n");
  mkdirSync(path("deep"));
  const there = { cwd: path("deep") };
  t.is((await as(there, "sign", "../model", "--key", "../k.key")).exit, 0);
  t.regex((await mlsign("inspect", "model")).out, /"hashType":"blake2b"/);
  t.regex((await mlsign("verify", "model", "--key", "k.pub")).out, /left "notes\.txt" out/);
  t.is((await mlsign("sign", "model", "--key", "k.key", "--hash", "sha256")).exit, 0);
  t.regex((await mlsign("inspect", "model")).out, /"hashType":"sha256"/);
});

const refused: [string, string][] = [
  ["a key", "key: exec:./pwn.sh\n"],
  ["a variable", "key: env:AWS_SECRET\n"],
  ["a service", "signing-config: theirs.json\n"],
  ["a token", "identity-token: abc\n"],
  ["a trusted root", "trusted-root: theirs.json\n"],
  ["a trust configuration", "trust-config: theirs.json\n"],
  ["consent", "yes: true\n"],
  ["an unknown key", "hsah: sha256\n"],
  ["a duplicate key", "hash: sha256\nhash: blake3\n"],
  ["an alias", "ignore-path: &a [x]\nsignature: *a\n"],
  ["a wrong type", "allow-symlinks: maybe\n"],
  ["a file outside the repository", "card: ../secret.md\n"],
  ["a list with a file outside the repository", "deps: [a.txt, /etc/hosts]\n"],
  ["a list where none fits", "hash: [sha256]\n"],
  ["no mapping", "- a\n"],
  ["broken YAML", "hash: [\n"],
];
for (const [what, yaml] of refused) {
  test(`mlsign sign refuses a discovered mlsign.yaml with ${what}`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    writeFileSync(path("mlsign.yaml"), yaml);
    const done = await mlsign("sign", "model", "--key", "k.key", "--json");
    t.is(done.exit, 2);
    t.like(JSON.parse(done.out), { error: { code: "config-invalid" } });
  });
}

test("mlsign verify never looks at a discovered mlsign.yaml", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  writeFileSync(path("mlsign.yaml"), "ignore-path: [config.json]\nkey: theirs.pub\n");
  t.is((await mlsign("verify", "model")).exit, 2);
  t.is((await mlsign("verify", "model", "--key", "k.pub")).exit, 0);
});

test("a settings file names files from where it lies", async (t) => {
  const { mlsign, path } = shell(t);
  mkdirSync(path("ci"));
  await mlsign("keygen", "--out", "ci/k");
  writeFileSync(path("ci/sign.yaml"), "key: k.key\nsignature: own.sig\n");
  writeFileSync(path("ci/verify.yaml"), "key: k.pub\nsignature: own.sig\n");
  t.is((await mlsign("sign", "model", "--config", "ci/sign.yaml")).exit, 0);
  t.true(existsSync(path("ci/own.sig")));
  t.is((await mlsign("verify", "model", "--config", "ci/verify.yaml")).exit, 0);
  writeFileSync(path("ci/env.yaml"), "key: env:KEY\n");
  const done = await mlsign("sign", "model", "--config", "ci/env.yaml");
  t.regex(done.err, /KEY is not set/);
});

test("mlsign verify takes trust from --config, which the caller names", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("keygen", "--out", "other");
  await mlsign("sign", "model", "--key", "k.key");
  writeFileSync(path("ci.yaml"), "key: k.pub\nsigner-ignores: false\n");
  t.is((await mlsign("verify", "model", "--config", "ci.yaml")).exit, 0);
  t.is((await mlsign("verify", "model", "--config", "ci.yaml", "--key", "other.pub")).exit, 1);
});
