import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import test from "ava";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "mlsign-pack-"));
const tarballs = new Map<string, string>();

/** The checkout's own pnpm, as the README starts it. */
function pnpm(cwd: string, ...args: string[]): string {
  return execFileSync("npx", ["--yes", "pnpm@12.21.0", ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

test.before("build and pack every package", () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--packages"], { cwd: ROOT });
  for (const file of globSync("packages/*/package.json", { cwd: ROOT })) {
    const { name } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as { name: string };
    const out = pnpm(join(ROOT, dirname(file)), "pack", "--pack-destination", folder, "--json");
    tarballs.set(name, (JSON.parse(out) as { filename: string }).filename);
  }
});
test.after.always("remove the packed files", () => {
  rmSync(folder, { recursive: true, force: true });
  for (const dist of globSync("packages/*/dist", { cwd: ROOT })) {
    rmSync(join(ROOT, dist), { recursive: true, force: true });
  }
  for (const info of globSync("packages/*/*.tsbuildinfo", { cwd: ROOT })) rmSync(join(ROOT, info));
});

test("every packed package is one that publint and attw accept", (t) => {
  t.true(tarballs.size > 8);
  for (const [name, tarball] of tarballs) {
    t.notThrows(() => bin("publint", "run", tarball, "--strict"), name);
    t.notThrows(() => bin("attw", tarball, "--profile", "esm-only"), name);
  }
});

test("the packed command line, installed in an empty folder, signs and verifies", (t) => {
  const home = join(folder, "empty");
  mkdirSync(home);
  const overrides = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
  writeFileSync(
    join(home, "package.json"),
    JSON.stringify({ name: "empty", private: true, dependencies: { mlsign: overrides["mlsign"] } }),
  );
  writeFileSync(
    join(home, "pnpm-workspace.yaml"),
    JSON.stringify({ packages: [], overrides, autoInstallPeers: false }),
  );
  pnpm(home, "install", "--no-frozen-lockfile");
  writeFileSync(join(home, "model.bin"), Buffer.alloc(40_000_000, 1));
  const mlsign = (...args: string[]): string =>
    execFileSync(process.execPath, [join(home, "node_modules/mlsign/dist/main.js"), ...args], {
      cwd: home,
      encoding: "utf8",
    });
  mlsign("keygen", "--out", "k");
  // Shards go to worker threads, which must be found in the packed package.
  mlsign("sign", "model.bin", "--key", "k.key", "--shard-size", "5000000");
  t.regex(mlsign("verify", "model.bin", "--key", "k.pub"), /model\.bin: accepted/);
});

function bin(name: string, ...args: string[]): string {
  const path = join(ROOT, "test/node_modules/.bin", name);
  return execFileSync(path, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

test("each tarball holds JavaScript, types, a README and the licence", (t) => {
  for (const [name, tarball] of tarballs) {
    const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" })
      .split("\n")
      .map((n) => basename(n));
    for (const wanted of ["index.js", "index.d.ts", "README.md", "LICENSE"]) {
      t.true(names.includes(wanted), `${name}: ${wanted}`);
    }
    t.false(
      names.some((n) => n.endsWith(".ts") && !n.endsWith(".d.ts")),
      name,
    );
  }
});
