import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import test, { type ExecutionContext } from "ava";
import { row, wheel } from "../packages/deps/test/zip.ts";
import { requirements, sha256 } from "./model-files.ts";
import { type Shell, shell } from "./shell.ts";

const PKG = wheel("pkg", "1.0", { "pkg/__init__.py": "x = 1\n" });
const PINNED = requirements("pkg", "1.0", PKG.bytes);
const INFO = "pkg-1.0.dist-info";
const SITE = ".venv/lib/python3.12/site-packages";
const LOCK = ["deps", "verify", "--lock", "requirements.txt"];
const KEY = ["--key", "k.key"];

/** A pinned wheel, and what an installer makes of it. */
async function installed(t: ExecutionContext): Promise<Shell & { write: Write }> {
  const user = shell(t);
  const write: Write = (name, content) => {
    mkdirSync(dirname(user.path(name)), { recursive: true });
    writeFileSync(user.path(name), content);
  };
  await user.mlsign("keygen", "--out", "k");
  write("requirements.txt", PINNED);
  write(`wheels/${PKG.filename}`, PKG.bytes);
  write(".venv/pyvenv.cfg", "");
  write(`${SITE}/pkg/__init__.py`, "x = 1\n");
  write(`${SITE}/${INFO}/METADATA`, "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n");
  write(`${SITE}/${INFO}/WHEEL`, "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  write(`${SITE}/${INFO}/RECORD`, row("pkg/__init__.py", "x = 1\n"));
  return { ...user, write };
}

type Write = (name: string, content: string | Uint8Array) => void;

test("mlsign deps check finds the files itself, and says which it looked at", async (t) => {
  const { mlsign, write } = await installed(t);
  write("pyproject.toml", "");
  write("sub/Dockerfile", `FROM a@sha256:${"a".repeat(64)}\n`);
  const { exit, out, err } = await mlsign("deps", "check");
  t.is(exit, 0, out);
  t.regex(err, /^mlsign: looked at requirements\.txt \(requirements\)$/m);
  t.regex(err, /^mlsign: looked at sub\/Dockerfile \(dockerfile\)$/m);
  t.regex(err, /^mlsign: passed over pyproject\.toml: a manifest/m);
  t.true(out.split("\n").every((line) => line.length <= 80));
  const { facts } = JSON.parse((await mlsign("deps", "check", "sub", "--json")).out) as {
    facts: { kind: string; source: string }[];
  };
  t.deepEqual(
    facts.map(({ kind, source }) => [kind, source]),
    [["dependency-file", "sub/Dockerfile"]],
  );
});

test("mlsign deps check refuses what is not pinned, with its line, also as SARIF", async (t) => {
  const { mlsign, write } = await installed(t);
  write("sub/requirements.txt", `${PINNED}numpy==2\n-r ../base.txt\n`);
  write("base.txt", "scipy>=1\n");
  const text = await mlsign("deps", "check", "sub");
  t.is(text.exit, 1);
  t.regex(
    text.out,
    /FAIL +dependency-pinned +numpy 2: has no hash\n +at: sub\/requirements\.txt:3/,
  );
  t.regex(text.out, /at: base\.txt:1/);
  t.regex(text.err, /looked at base\.txt \(included\)/);
  const sarif = await mlsign("deps", "check", "sub/requirements.txt", "--format", "sarif");
  t.is(sarif.exit, 1);
  t.regex(sarif.out, /"uri": "sub\/requirements\.txt"\s+\},\s+"region": \{\s+"startLine": 3/);
});

test("mlsign deps check decides nothing over nothing, and nothing over what it cannot read", async (t) => {
  const { mlsign, write, path } = await installed(t);
  mkdirSync(path("empty"));
  const none = await mlsign("deps", "check", "empty");
  t.is(none.exit, 3);
  t.regex(none.err, /no dependency file was found/);
  write("linked/real.lock", "version = 1\n");
  symlinkSync("real.lock", path("linked/uv.lock"));
  t.is((await mlsign("deps", "check", "linked")).exit, 3);
  for (const [args, exit] of [
    [["gone"], 2],
    [["eval.json"], 2],
    [["--format", "pdf"], 2],
    [["requirements.txt", "--nope"], 2],
  ] as const) {
    t.is((await mlsign("deps", "check", ...args)).exit, exit, args.join(" "));
  }
});

test("mlsign deps check follows the policy of its flags", async (t) => {
  const { mlsign, write } = await installed(t);
  write("package-lock.json", vcsLock());
  const check = ["deps", "check", "package-lock.json"];
  const warned = await mlsign(...check);
  t.is(warned.exit, 0, warned.out);
  t.regex(warned.out, /^WARN/m);
  t.notRegex((await mlsign(...check, "--allow-vcs-commit")).out, /WARN/);
  t.is((await mlsign(...check, "--no-allow-vcs-commit")).exit, 1);
});

test("mlsign deps verify accepts the wheels, and what is installed from them", async (t) => {
  const { mlsign } = await installed(t);
  const house = await mlsign(...LOCK, "--wheelhouse", "wheels");
  t.is(house.exit, 0, house.out);
  for (const site of [SITE, ".venv"]) {
    const all = await mlsign(...LOCK, "--wheelhouse", "wheels", "--site-packages", site);
    t.is(all.exit, 0, all.out);
    t.regex(all.out, /PASS +installed-match +3 installed files/);
  }
  const blind = await mlsign(...LOCK, "--site-packages", ".venv");
  t.is(blind.exit, 3, blind.out);
});

/** [what, how, what is said] */
const TAMPERED: readonly (readonly [string, (user: Shell & { write: Write }) => void, RegExp])[] = [
  [
    "a changed module whose RECORD was rewritten",
    ({ write }) => {
      write(`${SITE}/pkg/__init__.py`, "import evil\n");
      write(`${SITE}/${INFO}/RECORD`, row("pkg/__init__.py", "import evil\n"));
    },
    /RECORD\s+was rewritten to hide it/,
  ],
  [
    "a file that nobody owns",
    ({ write }) => write(`${SITE}/evil.pth`, "import evil\n"),
    /FAIL +installed-unowned +evil\.pth/,
  ],
  [
    "a changed wheel",
    ({ write }) =>
      write(
        `wheels/${PKG.filename}`,
        wheel("pkg", "1.0", { "pkg/__init__.py": "import evil\n" }).bytes,
      ),
    /FAIL +wheel-match .*does not have a\s+pinned hash/,
  ],
  [
    "a pin without a hash",
    ({ write }) => write("requirements.txt", "pkg==1.0\n"),
    /FAIL +dependency-pinned/,
  ],
];
for (const [what, change, message] of TAMPERED) {
  test(`mlsign deps verify refuses ${what}`, async (t) => {
    const user = await installed(t);
    change(user);
    const verify = [...LOCK, "--wheelhouse", "wheels", "--site-packages", ".venv"];
    const { exit, out } = await user.mlsign(...verify);
    t.is(exit, 1, out);
    t.regex(out, message);
  });
}

test("mlsign deps verify wants bytes to look at, and folders that are there", async (t) => {
  const { mlsign, path, write } = await installed(t);
  const none = await mlsign(...LOCK);
  t.is(none.exit, 2);
  t.regex(none.err, /^hint: give --wheelhouse/m);
  t.is((await mlsign(...LOCK, "--wheelhouse", "gone")).exit, 2);
  t.is((await mlsign(...LOCK, "--site-packages", "gone")).exit, 2);
  t.is((await mlsign("deps", "verify", "--wheelhouse", "wheels")).exit, 2);
  write(".venv/lib/python3.13/site-packages/x.py", "");
  const two = await mlsign(...LOCK, "--site-packages", ".venv");
  t.is(two.exit, 2);
  t.regex(two.err, /it has 2/);
  rmSync(path(".venv/lib"), { recursive: true });
  t.is((await mlsign(...LOCK, "--site-packages", ".venv")).exit, 2);
});

test("mlsign deps attest signs what was judged, by digest and once", async (t) => {
  const { mlsign, path } = await installed(t);
  const attest = ["deps", "attest", "model", "requirements.txt", ...KEY];
  const done = await mlsign(...attest, "--json");
  t.is(done.exit, 0, done.out + done.err);
  t.like(JSON.parse(done.out), {
    added: 1,
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    evidence: { files: [{ path: "requirements.txt", sha256: sha256(PINNED) }] },
  });
  t.regex((await mlsign(...attest)).err, /holds this claim already/);
  const line = JSON.parse(readFileSync(path("model/claims.jsonl"), "utf8")) as {
    dsseEnvelope: { payload: string };
  };
  const payload = Buffer.from(line.dsseEnvelope.payload, "base64").toString();
  t.like((JSON.parse(payload) as { predicate: unknown }).predicate, {
    result: "PASSED",
    passedTests: ["requirements.txt"],
  });
});

test("mlsign deps attest signs no check that refused or was not decided", async (t) => {
  const { mlsign, path, write } = await installed(t);
  mkdirSync(path("empty"));
  const open = await mlsign("deps", "attest", "model", "empty", ...KEY, "--json");
  t.is(open.exit, 3);
  t.is((JSON.parse(open.out) as { verdict: string }).verdict, "undecided");
  write("requirements.txt", "pkg==1.0\n");
  const bad = await mlsign("deps", "attest", "model", "requirements.txt", ...KEY);
  t.is(bad.exit, 1);
  t.regex(bad.err, /nothing was signed/);
  t.throws(() => readFileSync(path("model/claims.jsonl")), { code: "ENOENT" });
});

test("mlsign deps check waits for no FIFO", async (t) => {
  const { mlsign, path } = await installed(t);
  execFileSync("mkfifo", [path("requirements-pipe.txt")]);
  t.not((await mlsign("deps", "check", "requirements-pipe.txt")).exit, 0);
});

function vcsLock(): string {
  const resolved = `git+ssh://git@git.example/b.git#${"a".repeat(40)}`;
  const packages = { "": { name: "r" }, "node_modules/b": { version: "1.0.0", resolved } };
  return JSON.stringify({ name: "r", lockfileVersion: 3, packages });
}
