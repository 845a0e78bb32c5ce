/**
 * Builds what is shipped: `pnpm build` bundles the program as `dist/mlsign.mjs` with lazily loaded
 * chunks; `pnpm build --packages` also emits JavaScript and types of every package in its `dist`.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rolldown } from "rolldown";

const ROOT = resolve(import.meta.dirname, "..");
const VERIFY_PATH =
  /packages\/(?:core|bundle|files|report|verify|manifest|hash|cli)\/src\/(?!main\.|.*(?:commands\/(?:sign|keygen|inspect|digest)|prehash|describe|witnesses|authority|sigstore|timestamp|log-body|self-check|signer-options|identity|hash-worker|tar|archive|claimed))|node_modules\/commander\//;

if (process.argv.includes("--packages")) buildPackages();
await buildProgram();

/** One entry, a chunk for each dynamic import, and the hash worker beside them. */
async function buildProgram(): Promise<void> {
  const out = join(ROOT, "dist");
  rmSync(out, { recursive: true, force: true });
  const bundle = await rolldown({
    input: {
      mlsign: join(ROOT, "packages/cli/src/main.ts"),
      "hash-worker": join(ROOT, "packages/hash/src/hash-worker.ts"),
    },
    platform: "node",
    // Native addons and optional peers are used where they are installed.
    external: ["@napi-rs/blake-hash", "pkcs11js"],
    // Nearly every import of ours is dynamic somewhere and static elsewhere; that is as meant.
    checks: { ineffectiveDynamicImport: false },
    logLevel: "warn",
  });
  await bundle.write({
    dir: out,
    format: "esm",
    minify: true,
    entryFileNames: "[name].mjs",
    chunkFileNames: "chunk-[name]-[hash].mjs",
    // What verifying with a key needs comes as one file: each file costs a third of a millisecond.
    codeSplitting: { groups: [{ name: "verify", test: VERIFY_PATH }] },
    comments: { legal: true },
  });
  await bundle.close();
  chmodSync(join(out, "mlsign.mjs"), 0o755);
}

/** `tsc` on each package, lower tiers first: its project file is made here, the only one is the root's. */
function buildPackages(): void {
  const projects = globSync("packages/*/package.json", { cwd: ROOT }).map((file) => {
    const folder = join(ROOT, dirname(file));
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    rmSync(join(folder, "dist"), { recursive: true, force: true });
    rmSync(join(folder, "tsconfig.build.tsbuildinfo"), { force: true });
    const references = Object.keys(dependencies)
      .filter((name) => name.startsWith("@mlsign/"))
      .map((name) => ({ path: `../${name.slice("@mlsign/".length)}/tsconfig.build.json` }));
    const project = {
      extends: "../../tsconfig.json",
      compilerOptions: { noEmit: false, composite: true, rootDir: "src", outDir: "dist" },
      include: ["src"],
      references,
    };
    const path = join(folder, "tsconfig.build.json");
    writeFileSync(path, `${JSON.stringify(project, null, 2)}\n`);
    return path;
  });
  try {
    execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-b", ...projects], { stdio: "inherit" });
  } finally {
    for (const path of projects) rmSync(path, { force: true });
  }
}
