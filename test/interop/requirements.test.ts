/** What `pip --require-hashes` (two versions) and `uv` accept of requirements, and what packages/deps says. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkDependencies } from "@mlsign/deps";
import test from "ava";
import { available, ROOT, workshop } from "./cells.ts";
import { ALPHA, BETA, EVIL_BETA, packageIndex, type PackageIndex } from "./package-index.ts";
import { mapPool } from "./pool.ts";

const A = `alpha==1.0 --hash=sha256:${ALPHA.sha256}\n`;
const HASH = `--hash=sha256:${BETA.sha256}`;
const OTHER = `--hash=sha256:${EVIL_BETA.sha256}`;
const MD5 = createHash("md5").update(BETA.bytes).digest("hex");

interface Row {
  readonly what: string;
  readonly text: string | ((index: PackageIndex) => string);
  /** Who accepts: pip 23, pip 26, uv, mlsign. */
  readonly accepted: string;
}

const ROWS: readonly Row[] = [
  { what: "all pinned", text: `${A}beta==2.0 ${HASH}\n`, accepted: "pip-23 pip uv mlsign" },
  {
    what: "joined lines, several hashes, a comment at the end",
    text: `${A}beta==2.0 \\\n    ${OTHER} \\\n    ${HASH}\n# via alpha\n`,
    accepted: "pip-23 pip uv mlsign",
  },
  { what: "no hash", text: `${A}beta==2.0\n`, accepted: "" },
  { what: "only md5", text: `${A}beta==2.0 --hash=md5:${"0".repeat(32)}\n`, accepted: "" },
  { what: "the hash in a comment", text: `${A}beta==2.0 # ${HASH}\n`, accepted: "" },
  { what: "a comment that parts them", text: `${A}beta==2.0 \\\n# c\n  ${HASH}\n`, accepted: "" },
  { what: "the hash on its own line", text: `${A}beta==2.0\n${HASH}\n`, accepted: "" },
  { what: "a directory", text: `${A}./own\n`, accepted: "" },
  { what: "a range beside a hash", text: `${A}beta>=1 ${HASH}\n`, accepted: "pip mlsign" },
  {
    what: "a URL with its hash",
    text: (index) => `${A}beta @ ${index.fileUrl(BETA)}#sha256=${BETA.sha256}\n`,
    accepted: "pip-23 pip uv mlsign",
  },
  {
    what: "a URL without",
    text: (index) => `${A}beta @ ${index.fileUrl(BETA)}\n`,
    accepted: "",
  },
  // Where mlsign differs, and why.
  {
    what: "another file's hash: only bytes tell",
    text: `${A}beta==2.0 ${OTHER}\n`,
    accepted: "mlsign",
  },
  { what: "a dependency forgotten: only the resolver tells", text: A, accepted: "mlsign" },
  {
    what: "no hash where the marker is false here: mlsign judges all environments",
    text: `${A}beta==2.0 ${HASH}\nbeta==1.0 ; sys_platform == "win32"\n`,
    accepted: "pip-23 pip uv",
  },
  {
    what: "two hashes that contradict: a file of either is taken",
    text: (index) => `${A}beta @ ${index.fileUrl(BETA)}#sha256=${BETA.sha256} ${OTHER}\n`,
    accepted: "pip-23 pip",
  },
  {
    what: "a URL with its MD5, which is no proof",
    text: (index) => `${A}beta @ ${index.fileUrl(BETA)}#md5=${MD5}\n`,
    accepted: "pip-23 pip",
  },
  {
    what: "a marker after the hash, which pip ignores",
    text: `${A}beta==2.0 ${HASH} ; python_version < "3"\n`,
    accepted: "pip-23 pip",
  },
  {
    what: "an upper-case hash",
    text: `${A}beta==2.0 --hash=sha256:${BETA.sha256.toUpperCase()}\n`,
    accepted: "pip uv mlsign",
  },
  {
    what: "a hash cut short beside the right one",
    text: `${A}beta==2.0 ${HASH} --hash=sha256:abcd\n`,
    accepted: "pip-23 pip",
  },
];

test("strict modes and mlsign on forms of requirements: who accepts what", async (t) => {
  if (!(await available(t, { peers: ["pip", "pip-23", "uv"] }))) return;
  const shop = await workshop(t, {
    UV_PYTHON_DOWNLOADS: "never",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  });
  const index = await packageIndex(t);
  const { paths } = shop.programs;
  const python = join(dirname(paths.uv ?? ""), "python");
  shop.write("own/pyproject.toml", '[project]\nname = "beta"\nversion = "2.0"\n');
  const told = await mapPool([...ROWS.entries()], 2, async ([number, { text }]) => {
    const file = `requirements-${number}.txt`;
    shop.write(file, typeof text === "string" ? text : text(index));
    const accepted: string[] = [];
    for (const name of ["pip-23", "pip"] as const) {
      const args = ["install", "--dry-run", "--ignore-installed", "--no-cache-dir"];
      const from = ["--require-hashes", "--index-url", index.url, "-r", file];
      if ((await shop.run(paths[name], args, from)).code === 0) accepted.push(name);
    }
    const args = ["pip", "install", "--no-cache", "--python", python, "--target", `t-${number}`];
    const from = ["--require-hashes", "--default-index", index.url, "-r", file];
    if ((await shop.run(paths.uv, args, from)).code === 0) accepted.push("uv");
    if (checkDependencies(shop.path(file)).verdict === "accepted") accepted.push("mlsign");
    return accepted.join(" ");
  });
  t.deepEqual(
    Object.fromEntries(ROWS.map(({ what }, number) => [what, told[number]])),
    Object.fromEntries(ROWS.map(({ what, accepted }) => [what, accepted])),
  );
});

test("the recorded expectations of pip's parser are what both pips say today", async (t) => {
  if (!(await available(t, { peers: ["pip", "pip-23"] }))) return;
  const shop = await workshop(t);
  const { paths } = shop.programs;
  const packages = [paths["pip-23"], paths.pip].map((program = "") => {
    const lib = join(dirname(program), "../lib");
    return join(lib, readdirSync(lib)[0] ?? "", "site-packages");
  });
  const recorder = join(ROOT, "packages/deps/test/record-pip.py");
  const { stdout } = await shop.ok(join(dirname(paths.pip ?? ""), "python"), recorder, packages);
  const recorded = JSON.parse(stdout) as Recording;
  const committed = JSON.parse(
    readFileSync(join(ROOT, "fixtures/deps/pip.json"), "utf8"),
  ) as Recording;
  t.deepEqual(recorded.versions, committed.versions);
  t.is(recorded.cases.length, committed.cases.length);
  for (const [number, one] of committed.cases.entries()) t.deepEqual(recorded.cases[number], one);
});

interface Recording {
  readonly versions: readonly string[];
  readonly cases: readonly unknown[];
}
