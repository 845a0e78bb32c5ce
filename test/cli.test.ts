import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import test from "ava";
import { shell } from "./shell.ts";

test("mlsign signs and verifies a file and a directory with a key", async (t) => {
  const { mlsign, path } = shell(t);
  t.is((await mlsign("keygen", "--out", "k")).exit, 0);
  t.is(statSync(path("k.key")).mode & 0o777, 0o600);
  for (const model of ["model", "model.onnx"]) {
    t.is((await mlsign("sign", model, "--key", "k.key")).exit, 0);
    const done = await mlsign("verify", model, "--key", "k.pub");
    t.is(done.exit, 0);
    t.regex(done.out, /: accepted/);
  }
  t.true(existsSync(path("model/model.sig")));
  t.true(existsSync(path("model.onnx.sig")));
});

test("mlsign verify refuses a changed, renamed, extra and missing file, and names it", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const refused = async (pattern: RegExp): Promise<void> => {
    const done = await mlsign("verify", "model", "--key", "k.pub");
    t.is(done.exit, 1);
    t.regex(done.out, pattern);
  };
  appendFileSync(path("model/config.json"), " ");
  await refused(/FAIL +file-changed +"config\.json"/);
  writeFileSync(path("model/config.json"), "{}\n");
  renameSync(path("model/notes.txt"), path("model/other.txt"));
  await refused(/FAIL +file-renamed +"notes\.txt" is now "other\.txt"/);
  renameSync(path("model/other.txt"), path("model/notes.txt"));
  writeFileSync(path("model/x.py"), "");
  await refused(/FAIL +file-extra +"x\.py"/);
  rmSync(path("model/x.py"));
  rmSync(path("model/notes.txt"));
  await refused(/FAIL +file-missing +"notes\.txt"/);
});

test("mlsign verify calls an unsigned model unsigned, and exits 1", async (t) => {
  const { mlsign } = shell(t);
  await mlsign("keygen", "--out", "k");
  const done = await mlsign("verify", "model", "--key", "k.pub");
  t.is(done.exit, 1);
  t.regex(done.err, /^mlsign: model is unsigned: there is no model\/model\.sig\nhint: /);
});

test("mlsign verify with nobody to trust exits 2 and says what the bundle claims", async (t) => {
  const { mlsign } = shell(t);
  const none = await mlsign("verify", "model");
  t.is(none.exit, 2);
  t.regex(none.err, /nobody was named to trust, and there is no model\/model\.sig/);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const signed = await mlsign("verify", "model");
  t.is(signed.exit, 2);
  t.regex(signed.err, /claims to be signed with the key [0-9a-f]{64}\nhint: .*--key/);
});

test("mlsign verify of a damaged bundle is refused, not a crash", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  writeFileSync(path("model/model.sig"), '{"mediaType":');
  const done = await mlsign("verify", "model", "--key", "k.pub");
  t.is(done.exit, 1);
  t.regex(done.out, /FAIL +bundle-form/);
});

const usage: [string, string[], RegExp][] = [
  ["no such model", ["verify", "nothing", "--key", "k.pub"], /there is no such model/],
  ["no such key", ["verify", "model", "--key", "nothing"], /no such file/],
  ["a private key to verify", ["verify", "model", "--key", "k.key"], /hint: this is a private key/],
  ["a public key to sign", ["sign", "model", "--key", "k.pub"], /hint: this is a public key/],
  ["an unknown option", ["verify", "model", "--nope"], /unknown option '--nope'/],
  ["an unknown command", ["frobnicate"], /unknown command/],
  [
    "an identity without issuer",
    ["verify", "model", "--certificate-identity", "a@b"],
    /without its issuer/,
  ],
  [
    "key and identity",
    ["verify", "model", "--key", "k.pub", "--certificate-identity", "a@b"],
    /together/,
  ],
  [
    "a broken pattern",
    ["verify", "model", "--certificate-identity-regexp", "(", "--certificate-oidc-issuer", "x"],
    /not a regular/,
  ],
  [
    "two trusted roots",
    ["verify", "model", "--key", "k.pub", "--trusted-root", "a", "--trust-config", "b"],
    /together/,
  ],
  ["a certificate without key", ["sign", "model", "--certificate", "k.pub"], /without its key/],
  ["keyless without identity", ["sign", "model"], /no identity was found/],
  [
    "a token that is none",
    ["sign", "model", "--identity-token", "SECRETSECRET.e30.SECRET"],
    /identity token/,
  ],
  [
    "a shard size that is none",
    ["sign", "model", "--key", "k.key", "--shard-size", "1e9"],
    /--shard-size/,
  ],
  ["an unknown hash", ["sign", "model", "--key", "k.key", "--hash", "md5"], /Allowed choices/],
  [
    "a path outside the model to ignore",
    ["sign", "model", "--key", "k.key", "--ignore-path", "../x"],
    /outside the model/,
  ],
  [
    "a form to print that is none",
    ["verify", "model", "--key", "k.pub", "--format", "pdf"],
    /not text, json/,
  ],
  ["an unset variable", ["sign", "model", "--key", "env:NOPE"], /NOPE is not set/],
];
for (const [what, args, pattern] of usage) {
  test(`mlsign exits 2 for ${what}, with one clear line`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    const done = await mlsign(...args);
    t.is(done.exit, 2, done.err);
    t.regex(done.err, pattern);
    t.notRegex(done.err, / {4}at /);
    t.notRegex(done.err, /SECRET/);
    t.false(existsSync(path("model/model.sig")));
  });
}

test("mlsign keygen never overwrites, not even half of a pair", async (t) => {
  const { mlsign, path } = shell(t);
  writeFileSync(path("k.pub"), "precious");
  t.is((await mlsign("keygen", "--out", "k")).exit, 2);
  t.is(readFileSync(path("k.pub"), "utf8"), "precious");
  t.false(existsSync(path("k.key")));
});

test("mlsign takes a passphrase from the variable or a person, and shows it nowhere", async (t) => {
  const { as, mlsign, path } = shell(t);
  const secret = { env: { MLSIGN_PASSPHRASE: "correct horse" } };
  t.is((await as(secret, "keygen", "--out", "k")).exit, 0);
  t.regex(readFileSync(path("k.key"), "utf8"), /ENCRYPTED/);
  t.is((await as(secret, "sign", "model", "--key", "k.key")).exit, 0);
  t.is((await as({ ask: async () => "correct horse" }, "sign", "model", "--key", "k.key")).exit, 0);
  const missing = await mlsign("sign", "model", "--key", "k.key");
  t.is(missing.exit, 2);
  t.regex(missing.err, /it is encrypted\nhint: set MLSIGN_PASSPHRASE/);
  const wrong = await as(
    { env: { MLSIGN_PASSPHRASE: "hunter2hunter2" } },
    "sign",
    "model",
    "--key",
    "k.key",
  );
  t.is(wrong.exit, 2);
  t.regex(wrong.err, /wrong passphrase/);
  t.notRegex(wrong.err, /hunter2/);
});

test("mlsign sign reads a key from a variable", async (t) => {
  const { as, mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  const env = { SIGNING_KEY: readFileSync(path("k.key"), "utf8") };
  t.is((await as({ env }, "sign", "model", "--key", "env:SIGNING_KEY")).exit, 0);
  t.is((await mlsign("verify", "model", "--key", "k.pub")).exit, 0);
});

test("mlsign sign --ignore-path is told by verify, refused with --no-signer-ignores", async (t) => {
  const { mlsign } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key", "--ignore-path", "notes.txt");
  const told = await mlsign("verify", "model", "--key", "k.pub");
  t.is(told.exit, 0);
  t.regex(told.out, /WARN +file-uncovered +not covered: the signer left "notes\.txt" out/);
  const refused = await mlsign("verify", "model", "--key", "k.pub", "--no-signer-ignores");
  t.is(refused.exit, 1);
  const allowed = ["--no-signer-ignores", "--ignore-path", "notes.txt"];
  t.is((await mlsign("verify", "model", "--key", "k.pub", ...allowed)).exit, 0);
});

for (const [name, options] of [
  ["blake2b", ["--hash", "blake2b"]],
  ["blake3", ["--hash", "blake3"]],
  ["shards", ["--shard-size", "1024"]],
  ["shards of blake3", ["--shard-size", "4096", "--hash", "blake3"]],
] as const) {
  test(`mlsign verify takes ${name} from the signature, and catches a change`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    t.is((await mlsign("sign", "model", "--key", "k.key", ...options)).exit, 0);
    t.is((await mlsign("verify", "model", "--key", "k.pub")).exit, 0);
    const weights = readFileSync(path("model/sub/weights.bin"));
    weights[4097] = 8;
    writeFileSync(path("model/sub/weights.bin"), weights);
    t.is((await mlsign("verify", "model", "--key", "k.pub")).exit, 1);
  });
}

test("mlsign verify --into leaves the verified bytes, and nothing after a refusal", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  t.is((await mlsign("verify", "model", "--key", "k.pub", "--into", "copy")).exit, 0);
  t.deepEqual(
    readFileSync(path("copy/sub/weights.bin")),
    readFileSync(path("model/sub/weights.bin")),
  );
  t.is((await mlsign("verify", "model", "--key", "k.pub", "--into", "copy")).exit, 2);
  writeFileSync(path("model/config.json"), "changed");
  t.is((await mlsign("verify", "model", "--key", "k.pub", "--into", "other")).exit, 1);
  t.false(existsSync(path("other")));
});

test("mlsign sign that fails leaves the old signature", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const before = readFileSync(path("model/model.sig"));
  const token = ["--identity-token", "x.y.z"];
  t.is((await mlsign("sign", "model", ...token)).exit, 2);
  t.deepEqual(readFileSync(path("model/model.sig")), before);
  const nowhere = await mlsign(
    "sign",
    "model",
    "--key",
    "k.key",
    "--signature",
    "no/such/folder/x.sig",
  );
  t.is(nowhere.exit, 3);
  t.regex(nowhere.err, /cannot write/);
});

test("mlsign escapes control characters in names it shows", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  writeFileSync(path("model/a\u001b[31m\nb"), "");
  const done = await mlsign("verify", "model", "--key", "k.pub");
  t.is(done.exit, 1);
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  t.notRegex(done.out, /\u001b/);
  t.regex(done.out, /a\\u\{1b\}\[31m\\u\{a\}b/);
});

test("mlsign prints SARIF, JUnit and Markdown for machines", async (t) => {
  const { mlsign } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const sarif = await mlsign("verify", "model", "--key", "k.pub", "--format", "sarif");
  t.is((JSON.parse(sarif.out) as { version: string }).version, "2.1.0");
  t.regex((await mlsign("verify", "model", "--key", "k.pub", "--format", "junit")).out, /^<\?xml/);
  t.regex((await mlsign("verify", "model", "--key", "k.pub", "--format", "markdown")).out, /^#/m);
});

test("mlsign digest --format dvc prints DVC's name of a file and of a directory", async (t) => {
  const { mlsign, path } = shell(t);
  writeFileSync(path("foo"), "foo");
  mkdirSync(path("tree"));
  for (const name of ["foo", "bar"]) writeFileSync(path(`tree/${name}`), name);
  t.is(
    (await mlsign("digest", "foo", "--format", "dvc")).out,
    "acbd18db4cc2f85cedef654fccc4a4d8\n",
  );
  t.is(
    (await mlsign("digest", "tree", "--format", "dvc")).out,
    "5ea40360f5b4ec688df672a4db9c17d1.dir\n",
  );
  t.is((await mlsign("digest", "tree", "--format", "dvc", "--archive")).exit, 2);
  // DVC's root is found with or without git, and its .dvcignore counts.
  mkdirSync(path(".dvc"));
  writeFileSync(path(".dvcignore"), "bar\n");
  const { out, err } = await mlsign("digest", "tree", "--format", "dvc");
  t.not(out, "5ea40360f5b4ec688df672a4db9c17d1.dir\n");
  t.regex(err, /left out, as \.dvcignore says: bar/);
});

test("mlsign digest prints the root, the digest that binds names, and the manifest", async (t) => {
  const { mlsign } = shell(t);
  t.regex((await mlsign("digest", "model")).out, /^sha256:[0-9a-f]{64}\n$/);
  t.regex(
    (await mlsign("digest", "model", "--format", "dirhash1")).out,
    /^dirhash1:[0-9a-f]{64}\n$/,
  );
  const manifest = (await mlsign("digest", "model", "--format", "manifest")).out.split("\n");
  t.deepEqual(
    manifest.map((line) => line.split("  ")[2]),
    ["config.json", "notes.txt", "sub/weights.bin", undefined],
  );
});
