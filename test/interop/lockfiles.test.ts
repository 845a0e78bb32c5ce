/**
 * pip-tools, uv and Poetry lock and install tiny wheels from an index on the loopback: what
 * packages/deps says of the lock, the wheels and the installed files is what those tools do with them.
 */
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Finding, decide } from "@mlsign/core";
import { checkDependencies, verifyInstalled, verifyWheelhouse } from "@mlsign/deps";
import test, { type ExecutionContext } from "ava";
import { available, type Workshop, workshop } from "./cells.ts";
import { ALPHA, BETA, EVIL_BETA, packageIndex, type PackageIndex } from "./package-index.ts";

interface Stage extends Workshop {
  readonly index: PackageIndex;
}

interface Tool {
  readonly name: "pip-tools" | "poetry" | "uv";
  /** Writes the lock, and returns its name. */
  lock(stage: Stage): Promise<string>;
  /** Installs what the lock says into `.venv`; the command that refuses a changed wheel. */
  install(stage: Stage): readonly [program: string | undefined, args: readonly string[]];
  readonly refusal: RegExp;
}

const TOOLS: readonly Tool[] = [
  {
    name: "pip-tools",
    async lock(shop) {
      shop.write("requirements.in", "alpha\n");
      const args = ["--quiet", "--generate-hashes", "--no-emit-index-url", "--no-strip-extras"];
      const from = ["--index-url", shop.index.url, "requirements.in"];
      await shop.ok(shop.programs.paths["pip-tools"], args, from);
      return "requirements.txt";
    },
    install: (shop) => {
      const from = ["--require-hashes", "--index-url", shop.index.url, "-r", "requirements.txt"];
      return [shop.programs.paths.pip, [...intoVenv(shop), ...from]];
    },
    refusal: /DO NOT MATCH THE HASHES/,
  },
  {
    name: "uv",
    async lock(shop) {
      project(shop, `[[tool.uv.index]]\nurl = "${shop.index.url}"\ndefault = true\n`);
      await shop.ok(shop.programs.paths.uv, "lock", "--no-cache");
      return "uv.lock";
    },
    install: ({ programs }) => [programs.paths.uv, ["sync", "--frozen", "--no-cache"]],
    refusal: /Hash mismatch/,
  },
  {
    name: "poetry",
    async lock(shop) {
      const source = `[[tool.poetry.source]]\nname = "local"\nurl = "${shop.index.url}"\n`;
      project(shop, `[tool.poetry]\npackage-mode = false\n${source}`);
      await shop.ok(shop.programs.paths.poetry, "lock", "--no-interaction");
      return "poetry.lock";
    },
    install: ({ programs }) => [programs.paths.poetry, ["sync", "--no-interaction", "--no-cache"]],
    refusal: /Hash for beta .* not found in known hashes/s,
  },
];

function intoVenv(shop: Workshop): string[] {
  const python = shop.path(".venv/bin/python");
  return ["--python", python, "install", "--no-compile", "--no-cache-dir"];
}

function project(shop: Workshop, more: string): void {
  const own = '[project]\nname = "own"\nversion = "0.1.0"\nrequires-python = ">=3.9"\n';
  shop.write("pyproject.toml", `${own}dependencies = ["alpha"]\n${more}`);
}

async function stage(t: ExecutionContext): Promise<Stage> {
  const shop = await workshop(t, {
    UV_PYTHON_DOWNLOADS: "never",
    POETRY_VIRTUALENVS_IN_PROJECT: "true",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  });
  await venv(shop);
  return { ...shop, index: await packageIndex(t) };
}

async function venv(shop: Workshop): Promise<void> {
  rmSync(shop.path(".venv"), { recursive: true, force: true });
  const python = join(dirname(shop.programs.paths.pip ?? ""), "python");
  await shop.ok(python, "-m", "venv", "--without-pip", ".venv");
}

function siteOf(shop: Workshop): string {
  const [version = ""] = readdirSync(shop.path(".venv/lib"));
  return shop.path(join(".venv/lib", version, "site-packages"));
}

/** pip fetches what a lock of any kind allows: the wheels are the same. */
async function fetchWheels(shop: Stage): Promise<string> {
  const lines = [ALPHA, BETA].map(
    ({ filename, sha256 }) => `${filename.split("-")[0]} --hash=sha256:${sha256}\n`,
  );
  shop.write("wheels.txt", lines.join(""));
  const args = ["download", "--require-hashes", "--no-cache-dir", "--index-url", shop.index.url];
  await shop.ok(shop.programs.paths.pip, args, ["-d", "house", "-r", "wheels.txt"]);
  return shop.path("house");
}

function failures(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ outcome, severity }) => outcome !== "pass" && severity === "error")
    .map(({ code, outcome, message }) => `${code} ${outcome}: ${message}`);
}

for (const tool of TOOLS) {
  test(`${tool.name}: the lock is pinned, the wheels are the pinned ones, and so is what was installed`, async (t) => {
    if (!(await available(t, { peers: ["pip", tool.name] }))) return;
    const shop = await stage(t);
    const lock = await tool.lock(shop);
    const checked = checkDependencies(shop.path(lock));
    t.deepEqual([checked.verdict, failures(checked.findings)], ["accepted", []]);
    const pins = checked.entries;
    t.deepEqual(
      pins.map(({ name, version, hashes }) => [name, version, hashes[0]?.hex]),
      [
        ["alpha", "1.0", ALPHA.sha256],
        ["beta", "2.0", BETA.sha256],
      ],
    );
    const wheelhouseDir = await fetchWheels(shop);
    const house = await verifyWheelhouse({ pins, wheelhouseDir });
    t.is(house.wheels.length, 2);
    t.deepEqual(failures(house.findings), []);

    const [program, args] = tool.install(shop);
    await shop.ok(program, args);
    const site = siteOf(shop);
    const verify = async () => verifyInstalled({ pins, wheelhouseDir, sitePackagesDir: site });
    t.deepEqual(failures(await verify()), []);

    const copy = { recursive: true, verbatimSymlinks: true };
    cpSync(shop.path(".venv"), shop.path("kept"), copy);
    for (const [what, change, expected] of CHANGES) {
      change(site);
      const told = failures(await verify());
      t.true(
        told.length > 0 && told.every((line) => expected.test(line)),
        `${what}: ${told.join("\n")}`,
      );
      t.is(decide(await verify()), "refused", what);
      rmSync(shop.path(".venv"), { recursive: true });
      cpSync(shop.path("kept"), shop.path(".venv"), copy);
    }
    t.deepEqual(failures(await verify()), []);
  });

  test(`${tool.name}: a changed wheel is refused by it and by us`, async (t) => {
    if (!(await available(t, { peers: ["pip", tool.name] }))) return;
    const shop = await stage(t);
    const pins = checkDependencies(shop.path(await tool.lock(shop))).entries;
    const wheelhouseDir = await fetchWheels(shop);
    shop.index.tamper(BETA, EVIL_BETA.bytes);
    const [program, args] = tool.install(shop);
    await shop.refused(tool.refusal, program, args);
    writeFileSync(join(wheelhouseDir, BETA.filename), EVIL_BETA.bytes);
    const { wheels, findings } = await verifyWheelhouse({ pins, wheelhouseDir });
    t.deepEqual(
      wheels.map(({ name }) => name),
      ["alpha"],
    );
    t.is(decide(findings), "refused");
    t.true(
      failures(findings).includes(`wheel-match fail: ${BETA.filename} does not have a pinned hash`),
    );
    // The same from the wheelhouse itself, with pip.
    const local = ["--no-index", "--find-links", wheelhouseDir, "--require-hashes"];
    const into = ["--target", shop.path("target"), "-r", "wheels.txt"];
    await shop.refused(/DO NOT MATCH/, shop.programs.paths.pip, "install", local, into);
  });

  test(`${tool.name}: a lock with one hash taken out is refused by us; what the tool does is known`, async (t) => {
    if (!(await available(t, { peers: ["pip", tool.name] }))) return;
    const shop = await stage(t);
    const lock = await tool.lock(shop);
    const text = readFileSync(shop.path(lock), "utf8");
    const bare = text
      .replace(` \\\n    --hash=sha256:${BETA.sha256}`, "")
      .replace(`, hash = "sha256:${BETA.sha256}"`, "");
    t.not(bare, text);
    writeFileSync(shop.path(lock), bare);
    const checked = checkDependencies(shop.path(lock));
    t.is(checked.verdict, "refused");
    t.deepEqual(
      checked.findings
        .filter(({ outcome, severity }) => outcome === "fail" && severity === "error")
        .map(({ subject }) => subject),
      ["beta"],
    );
    const [program, args] = tool.install(shop);
    const { code, stderr, stdout } = await shop.run(program, args);
    // uv installs what has no hash, whatever the bytes: only `deps check` tells.
    t.is(code === 0, tool.name === "uv", stdout + stderr);
  });
}

test("uv exports a pylock.toml that is pinned, and pip installs it and refuses a changed wheel", async (t) => {
  if (!(await available(t, { peers: ["pip", "uv"] }))) return;
  const shop = await stage(t);
  await TOOLS[1]?.lock(shop);
  const { pip, uv } = shop.programs.paths;
  await shop.ok(
    uv,
    "export",
    "--frozen",
    "--format",
    "pylock.toml",
    "--output-file",
    "pylock.toml",
  );
  const checked = checkDependencies(shop.path("pylock.toml"));
  t.deepEqual([checked.verdict, checked.entries.length], ["accepted", 2]);
  const install = intoVenv(shop);
  const from = ["-r", "pylock.toml"];
  await shop.ok(pip, install, from);
  const wheelhouseDir = await fetchWheels(shop);
  const options = { pins: checked.entries, wheelhouseDir, sitePackagesDir: siteOf(shop) };
  t.deepEqual(failures(await verifyInstalled(options)), []);
  await venv(shop);
  shop.index.tamper(BETA, EVIL_BETA.bytes);
  await shop.refused(/DO NOT MATCH THE HASHES/, pip, install, from);
});

test("pip 23 installs what was pinned, with launchers of its own form", async (t) => {
  if (!(await available(t, { peers: ["pip", "pip-23"] }))) return;
  const shop = await stage(t);
  const wheelhouseDir = await fetchWheels(shop);
  const lines = [ALPHA, BETA].map(
    ({ filename, sha256 }) => `${filename.split("-", 2).join("==")} --hash=sha256:${sha256}\n`,
  );
  shop.write("requirements.txt", lines.join(""));
  const from = ["--no-index", "--find-links", wheelhouseDir, "--require-hashes"];
  await shop.ok(shop.programs.paths["pip-23"], intoVenv(shop), from, "-r", "requirements.txt");
  const pins = checkDependencies(shop.path("requirements.txt")).entries;
  const options = { pins, wheelhouseDir, sitePackagesDir: siteOf(shop) };
  t.deepEqual(failures(await verifyInstalled(options)), []);
});

type Change = readonly [what: string, change: (site: string) => void, expected: RegExp];
const CHANGES: readonly Change[] = [
  [
    "a changed module",
    (site) => writeFileSync(join(site, "beta.py"), "def main():\n    return 1\n"),
    /^installed-match fail: beta\.py is not the file of the wheel/,
  ],
  [
    "a changed module whose RECORD was rewritten",
    (site) => {
      const text = "def main():\n    return 1\n";
      writeFileSync(join(site, "beta.py"), text);
      const record = join(site, "beta-2.0.dist-info/RECORD");
      const digest = createHash("sha256").update(text).digest("base64url");
      const rows = readFileSync(record, "utf8");
      const row = `beta.py,sha256=${digest},${text.length}`;
      writeFileSync(record, rows.replace(/^beta\.py,.*$/m, row));
    },
    /^installed-match fail: beta\.py is not the file of the wheel.*RECORD/,
  ],
  [
    "a generated launcher that does more",
    (site) => {
      const file = join(site, "../../../bin/beta-run");
      writeFileSync(file, readFileSync(file, "utf8").replace("import sys\n", "import sys, evil\n"));
    },
    /^installed-match fail: .*beta-run/,
  ],
  [
    "a file that Python runs at every start",
    (site) => writeFileSync(join(site, "evil.pth"), "import os\n"),
    /^installed-unowned fail: evil\.pth .* runs it at every start/,
  ],
  [
    "a module that is gone",
    (site) => rmSync(join(site, "alpha/data.bin")),
    /^installed-match fail: alpha\/data\.bin is missing/,
  ],
];
