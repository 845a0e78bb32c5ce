import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { CARD, requirements, sha256 } from "./model-files.ts";
import { type Shell, shell } from "./shell.ts";

const KEY = ["--key", "k.key"];
const PUB = ["--key", "k.pub"];
const WHEEL = "not really a wheel";

async function withLock(t: ExecutionContext): Promise<Shell> {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  writeFileSync(user.path("card.md"), CARD);
  writeFileSync(user.path("requirements.txt"), requirements("numpy", "2.0.0", WHEEL));
  return user;
}

const CREATE = ["--card", "card.md", "--deps", "requirements.txt", "-o", "bom.json"];

interface Component {
  readonly type: string;
  readonly name: string;
  readonly purl?: string;
  readonly hashes?: { alg: string; content: string }[];
  readonly externalReferences?: { hashes: { content: string }[] }[];
  readonly components?: Component[];
  readonly modelCard?: unknown;
}

interface Bom {
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: Component[];
}

test("mlsign sbom create writes what it knows, and names what it does not", async (t) => {
  const { mlsign, path } = await withLock(t);
  const { exit, err, out } = await mlsign("sbom", "create", "model", ...CREATE);
  t.is(exit, 0, err);
  t.is(out, "");
  for (const missing of ["no source", "no data", "no container"]) {
    t.regex(err, new RegExp(`^mlsign: missing: ${missing}`, "m"));
  }
  const bom = JSON.parse(readFileSync(path("bom.json"), "utf8")) as Bom;
  t.is(bom.specVersion, "1.6");
  const { component } = bom.metadata;
  t.is(component.name, "fraud-net");
  t.truthy(component.modelCard);
  t.deepEqual(
    component.components?.map(({ name, hashes }) => [name, hashes?.[0]?.content]),
    ["config.json", "notes.txt", "sub/weights.bin"].map((name) => [
      name,
      sha256(readFileSync(path(`model/${name}`))),
    ]),
  );
  const numpy = bom.components.find(({ type }) => type === "library");
  t.is(numpy?.purl, "pkg:pypi/numpy@2.0.0");
  t.is(numpy?.externalReferences?.[0]?.hashes[0]?.content, sha256(WHEEL));
  t.true(bom.components.some(({ type, name }) => type === "data" && name === "tx"));
});

test("mlsign sbom create gives the same bytes at the same time", async (t) => {
  const { as } = await withLock(t);
  const clock = (): Date => new Date("2026-11-24T00:00:00Z");
  const create = ["sbom", "create", "model", "--deps", ".", "--spec-version", "1.7"];
  const one = await as({ clock }, ...create);
  t.is(one.out, (await as({ clock }, ...create)).out);
  t.like(JSON.parse(one.out), { specVersion: "1.7" });
});

test("mlsign sbom create puts no password of a private index into it", async (t) => {
  const { mlsign, path } = await withLock(t);
  const at = "https://ana:secret@registry.example";
  const wheel = `${at}/numpy-2.0.0-py3-none-any.whl`;
  writeFileSync(path("requirements.txt"), `git+${at}/x.git\n${at}/y.zip\n-e git+${at}/z\n`);
  writeFileSync(
    path("uv.lock"),
    `version = 1\n[[package]]\nname = "numpy"\nversion = "2.0.0"\nsource = { registry = "${at}" }\n` +
      `wheels = [{ url = "${wheel}", hash = "sha256:${"a".repeat(64)}" }]\n`,
  );
  const create = ["sbom", "create", "model", "--deps", "uv.lock", "--deps", "requirements.txt"];
  const { out, err, exit } = await mlsign(...create);
  t.is(exit, 0, err);
  t.regex(out, /"https:\/\/registry\.example\/numpy-2\.0\.0-py3-none-any\.whl"/);
  const check = await mlsign("deps", "check", "--json");
  t.is(check.exit, 1);
  t.notRegex(out + err + check.out + check.err, /secret/);
});

/** [what, arguments, exit code] */
const WRONG: readonly (readonly [string, string[], number])[] = [
  ["a file inside the model as output", ["-o", "model/bom.json"], 2],
  ["the model itself as output", ["-o", "model"], 2],
  ["another version", ["--spec-version", "1.4"], 2],
  ["a lock file that is not there", ["--deps", "gone.txt"], 2],
  ["what is no lock file", ["--deps", "eval.json"], 2],
  ["a card that is not there", ["--card", "gone.md"], 2],
  ["a base model with a short digest", ["--base-model", "a/b#sha256:12"], 2],
  ["a container reference that is none", ["--container", "a b"], 2],
];
for (const [what, args, exit] of WRONG) {
  test(`mlsign sbom create refuses ${what}`, async (t) => {
    const { mlsign } = await withLock(t);
    const done = await mlsign("sbom", "create", "model", ...args);
    t.is(done.exit, exit, done.err);
    t.is(done.out, "");
  });
}

for (const model of ["model", "model.onnx"]) {
  test(`mlsign sbom attest and verify agree about ${model}`, async (t) => {
    const { mlsign } = await withLock(t);
    await mlsign("sbom", "create", model, ...CREATE);
    const attest = ["sbom", "attest", model, "--sbom", "bom.json", ...KEY];
    const done = await mlsign(...attest, "--deps", "requirements.txt");
    t.is(done.exit, 0, done.out + done.err);
    t.regex((await mlsign(...attest)).err, /holds this claim already/);
    for (const extra of [[], ["--sbom", "bom.json"], ["--deps", "requirements.txt"]]) {
      const verified = await mlsign("sbom", "verify", model, ...extra, ...PUB);
      t.is(verified.exit, 0, verified.out);
      t.true(verified.out.split("\n").every((line) => line.length <= 80));
    }
    t.is((await mlsign("sbom", "verify", model)).exit, 2);
    t.is((await mlsign("sbom", "verify", model, ...PUB, "--claims", "gone.jsonl")).exit, 2);
    await mlsign("keygen", "--out", "other");
    t.is((await mlsign("sbom", "verify", model, "--key", "other.pub")).exit, 1);
  });
}

/** [what, how, arguments, what is said] */
const CHANGED: readonly (readonly [string, (user: Shell) => void, string[], RegExp])[] = [
  [
    "a changed model",
    ({ path }) => writeFileSync(path("model/config.json"), '{"x":1}'),
    [],
    /no trusted signer signed a bill of materials/,
  ],
  [
    "a renamed file",
    ({ path }) => renameSync(path("model/notes.txt"), path("model/notes2.txt")),
    [],
    /under other\s+names/,
  ],
  [
    "a lock file with another hash",
    ({ path }) => writeFileSync(path("requirements.txt"), requirements("numpy", "2.0.0", "evil")),
    ["--deps", "requirements.txt"],
    /which the lock\s+file does not pin/,
  ],
  [
    "a lock file with another version",
    ({ path }) => writeFileSync(path("requirements.txt"), requirements("numpy", "2.0.1", WHEEL)),
    ["--deps", "requirements.txt"],
    /numpy@2\.0\.1: .*missing/,
  ],
  [
    "a lock file that cannot be read",
    ({ path }) => writeFileSync(path("uv.lock"), "version = = 1\n"),
    ["--deps", "uv.lock"],
    /FAIL +dependency-file/,
  ],
  [
    "another bill of materials than the signed one",
    ({ path }) => {
      const text = readFileSync(path("bom.json"), "utf8").replace('"fraud-net"', '"fraud-net2"');
      writeFileSync(path("bom.json"), text);
    },
    ["--sbom", "bom.json"],
    /no trusted signer signed this bill of materials/,
  ],
];
for (const [what, change, args, message] of CHANGED) {
  test(`mlsign sbom verify refuses ${what}`, async (t) => {
    const user = await withLock(t);
    await user.mlsign("sbom", "create", "model", ...CREATE);
    await user.mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY);
    change(user);
    const { exit, out } = await user.mlsign("sbom", "verify", "model", ...args, ...PUB);
    t.is(exit, 1, out);
    t.regex(out, message);
  });
}

type Edit = (bom: any) => void; // oxlint-disable-line typescript/no-explicit-any
/** [what, change, what is said] */
const UNFIT: readonly (readonly [string, Edit, RegExp])[] = [
  [
    "a digest that is not the file's",
    (bom) => (bom.metadata.component.components[0].hashes[0].content = "0".repeat(64)),
    /config\.json: .*SHA-256\s+0/,
  ],
  [
    "a file that is not there",
    (bom) => (bom.metadata.component.components[0].name = "gone.bin"),
    /gone\.bin: .*not\s+signed/,
  ],
  ["a reference that dangles", (bom) => bom.dependencies.push({ ref: "x" }), /which is not there/],
  ["a field that is none", (bom) => (bom.metadata.component.modelCard.x = 1), /FAIL +sbom-form/],
];
for (const [what, change, message] of UNFIT) {
  test(`mlsign sbom attest does not sign ${what}`, async (t) => {
    const { mlsign, path } = await withLock(t);
    await mlsign("sbom", "create", "model", ...CREATE);
    const bom: unknown = JSON.parse(readFileSync(path("bom.json"), "utf8"));
    change(bom);
    writeFileSync(path("bom.json"), JSON.stringify(bom));
    const { exit, out, err } = await mlsign(
      "sbom",
      "attest",
      "model",
      "--sbom",
      "bom.json",
      ...KEY,
    );
    t.is(exit, 1, out + err);
    t.regex(out, message);
    t.throws(() => readFileSync(path("model/claims.jsonl")), { code: "ENOENT" });
  });
}

/** [what, text, exit code] */
const NO_BOM: readonly (readonly [string, string, number])[] = [
  ["what is no JSON", "<bom/>", 1],
  ["duplicate keys", '{"bomFormat":"CycloneDX","specVersion":"1.6","bomFormat":"x"}', 1],
  ["SPDX", '{"spdxVersion":"SPDX-2.3"}', 1],
  ["too deep JSON", "[".repeat(100_000), 1],
];
for (const [what, text, exit] of NO_BOM) {
  test(`mlsign sbom attest and verify refuse ${what}`, async (t) => {
    const { mlsign, path } = await withLock(t);
    writeFileSync(path("bom.json"), text);
    const attest = await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY);
    t.is(attest.exit, exit, attest.err);
    t.regex(attest.err, /^hint: /m);
    t.is((await mlsign("sbom", "verify", "model", "--sbom", "bom.json", ...PUB)).exit, exit);
  });
}

/** In the shape of another tool's: no files of the model, packages of its own kinds. */
const FOREIGN = {
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  metadata: { component: { type: "file", name: "model", "bom-ref": "root" } },
  components: [
    { type: "library", name: "numpy", version: "2.0.0", purl: "pkg:pypi/numpy@2.0.0" },
    { type: "operating-system", name: "debian", version: "12" },
  ],
};

test("mlsign sbom attest takes another tool's bill of materials, and says what it could not check", async (t) => {
  const { mlsign, path } = await withLock(t);
  writeFileSync(path("bom.json"), JSON.stringify(FOREIGN));
  const attest = ["sbom", "attest", "model", "--sbom", "bom.json"];
  const done = await mlsign(...attest, "--deps", "requirements.txt", ...KEY);
  t.is(done.exit, 0, done.out);
  for (const said of [
    /warning: \$schema is missing/,
    /not checked: model: the bill of materials names no file of the model/,
    /not checked: pypi:numpy@2\.0\.0: no hash is both/,
    /not compared: .*1 of type operating-system/,
  ]) {
    t.regex(done.err, said);
  }
  const { exit, out } = await mlsign("sbom", "verify", "model", ...PUB);
  t.is(exit, 3, out);
  t.regex(out, /UNKNOWN +sbom-match +model: the bill of materials names no file/);
});

test("mlsign sbom verify tells what a stranger signed, which does not undo a trusted claim", async (t) => {
  const { mlsign, path } = await withLock(t);
  await mlsign("sbom", "create", "model", ...CREATE);
  await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY);
  await mlsign("keygen", "--out", "other");
  writeFileSync(path("foreign.json"), JSON.stringify(FOREIGN));
  await mlsign("sbom", "attest", "model", "--sbom", "foreign.json", "--key", "other.key");
  const { exit, out } = await mlsign("sbom", "verify", "model", ...PUB);
  t.is(exit, 0, out);
  t.regex(out, /WARN +claim-valid/);
});

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

(hasGit ? test : test.skip)(
  "mlsign sbom verify compares data, commit and container with the signed lineage",
  async (t) => {
    const user = await withLock(t);
    const { mlsign, path, cwd } = user;
    const env = { PATH: process.env["PATH"] ?? "", HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" };
    const git = (...args: string[]): void => {
      const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
      execFileSync("git", [...who, ...args], { cwd, env, stdio: "pipe" });
    };
    git("init", "-q", "-b", "main");
    git("remote", "add", "origin", "https://git.example/org/repo.git");
    mkdirSync(path("data"));
    writeFileSync(path("data/tx.csv"), "a,b\n");
    const md5 = createHash("md5").update("a,b\n").digest("hex");
    writeFileSync(path("data/tx.csv.dvc"), `outs:\n- md5: ${md5}\n  hash: md5\n  path: tx.csv\n`);
    git("add", "data/tx.csv.dvc");
    git("commit", "-q", "-m", "data");
    const from = [
      "--data",
      "data/tx.csv.dvc",
      "--container",
      `registry.example/train@sha256:${"c".repeat(64)}`,
    ];
    await mlsign("sbom", "create", "model", ...from, "-o", "bom.json");
    const bom = JSON.parse(readFileSync(path("bom.json"), "utf8")) as Bom;
    const data = bom.components.find(({ type }) => type === "data");
    t.is(data?.hashes?.[0]?.content, sha256("a,b\n"));
    t.is((await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY)).exit, 0);
    const recorded = await mlsign("lineage", "record", "model", ...from, ...KEY);
    t.is(recorded.exit, 0, recorded.err);
    const same = await mlsign("sbom", "verify", "model", ...PUB);
    t.is(same.exit, 0, same.out);
    t.regex(same.out, /PASS +sbom-match +the commit is that of the lineage/);

    const tampered = readFileSync(path("bom.json"), "utf8")
      .replaceAll(sha256("a,b\n"), "0".repeat(64))
      .replaceAll("c".repeat(64), "d".repeat(64));
    writeFileSync(path("bom.json"), tampered);
    await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY);
    const other = await mlsign("sbom", "verify", "model", "--sbom", "bom.json", ...PUB);
    t.is(other.exit, 1, other.out);
    t.regex(other.out, /data\/tx\.csv: .*SHA-256\s+0/);
    t.regex(other.out, /registry\.example\/train: .*SHA-256\s+d/);
  },
);
