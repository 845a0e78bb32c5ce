/**
 * Builds what is shipped: `pnpm build` bundles the program as `dist/mlsign.mjs` with lazily loaded
 * chunks; `pnpm build --packages` also emits JavaScript and types of every package in its `dist`.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { type Plugin, rolldown } from "rolldown";

const ROOT = resolve(import.meta.dirname, "..");
/** What CycloneDX's library tries for XML, which mlsign has no use for. */
const XML_LIBRARIES: ReadonlySet<string> = new Set(["libxmljs2", "xmlbuilder2"]);
/** Beside the bundle. */
const BOM_SCHEMAS = "cyclonedx";
/**
 * Two files, of which the second loads the first: each file costs a third of a millisecond, and
 * what loads both ways round does not start. A hash worker needs the first, verifying with a key
 * both, and whatever else there is comes when it is met.
 */
const CHUNKS: readonly [name: string, modules: readonly RegExp[]][] = [
  [
    "base",
    [
      /^\0builtin:(?:nothing|buffer|fs|crypto|path|util|events|url|os|process|timers\/promises)$/,
      /packages\/core\/src\//,
      /packages\/hash\/src\/(?!hash-worker|pool)/,
    ],
  ],
  [
    "verify",
    [
      /node_modules\/commander\//,
      /packages\/(?:files|report|bundle)\/src\//,
      /packages\/manifest\/src\/(?!tar-)/,
      /packages\/verify\/src\/(?:bundle|files|index|model|signed-content|trust|artifact|prehash)\./,
      /packages\/cli\/src\/(?:start|run|program|process-host|version)\./,
      /packages\/cli\/src\/(?:terminal\/(?:output|print-report|progress-line)|options\/(?:settings|trust-options|look-options|commit-trust-options|remote-options|policy-options)|verify\/(?:judge-model|judge-file|facts|verified-copy)|model\/(?:model-location|model-source|file-digest|brought-model|is-elsewhere|mlflow-note|name-below|with-model))\./,
      /packages\/cli\/src\/commands\/verify\./,
    ],
  ],
];

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
    // The names of a built-in module that nobody imports are not read at all.
    treeshake: { propertyReadSideEffects: false },
    preserveEntrySignatures: false,
    plugins: [bomLibrary(), leanBuiltins()],
    logLevel: "warn",
  });
  await bundle.write({
    dir: out,
    format: "esm",
    minify: true,
    entryFileNames: "[name].mjs",
    chunkFileNames: "chunk-[name]-[hash].mjs",
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: CHUNKS.map(([name, modules]) => ({
        name,
        test: (id: string) => modules.some((pattern) => pattern.test(id)),
      })),
    },
    comments: { legal: true },
  });
  await bundle.close();
  copySchemas(join(out, BOM_SCHEMAS, "schema"));
  chmodSync(join(out, "mlsign.mjs"), 0o755);
}

/**
 * CycloneDX's library reads its schemas from its own folder, which a bundle is not in; and its
 * format checks mean the package `punycode`, not Node's own, which warns of its end.
 */
function bomLibrary(): Plugin {
  return {
    name: "bom-library",
    resolveId(source, importer) {
      if (XML_LIBRARIES.has(source)) return `\0absent:${source}`;
      if (source !== "punycode" || importer === undefined) return null;
      return createRequire(importer).resolve("punycode/");
    },
    load(id) {
      return id.startsWith("\0absent:") ? 'throw new Error("not bundled");' : null;
    },
    transform(code, id) {
      if (!id.endsWith("/cyclonedx-library/dist.node/resources.node.js")) return null;
      const own = "(__dirname, '..', 'res')";
      if (!code.includes(own)) throw new Error(`${id}: the schemas are elsewhere now`);
      return code.replace(own, `(__dirname, ${JSON.stringify(BOM_SCHEMAS)})`);
    },
  };
}

/** The JSON schemas that mlsign validates by, without white space. */
function copySchemas(folder: string): void {
  const library = join(ROOT, "packages/sbom/node_modules/@cyclonedx/cyclonedx-library");
  mkdirSync(folder, { recursive: true });
  const names = "{bom-1.[4-7],cryptography-defs,jsf-*,spdx}.SNAPSHOT.schema.json";
  const files = globSync(join(library, "res/schema", names));
  if (files.length !== 7) throw new Error(`found ${files.length} schemas of CycloneDX, not 7`);
  for (const file of files) {
    const schema: unknown = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(join(folder, basename(file)), JSON.stringify(schema));
  }
}

/**
 * Node makes a module of every name of a built-in one that is imported: 10 ms for those that
 * verifying needs. Asked for directly, the same objects cost a third of that. Commander's
 * `child_process` is for subcommands in programs of their own, which mlsign has none of.
 */
function leanBuiltins(): Plugin {
  const require = createRequire(import.meta.url);
  return {
    name: "lean-builtins",
    resolveId(source, importer, { kind }) {
      if (!isBuiltin(source)) return null;
      const name = source.replace(/^node:/, "");
      if (kind === "require-call") return `\0required:${name}`;
      if (kind !== "import-statement") return null;
      const stub = name === "child_process" && importer?.includes("/commander/");
      return `\0builtin:${stub ? "nothing" : name}`;
    },
    load(id) {
      const required = /^\0required:(.+)$/.exec(id)?.[1];
      if (required !== undefined) {
        return `module.exports = process.getBuiltinModule("node:${required}");`;
      }
      const name = /^\0builtin:(.+)$/.exec(id)?.[1];
      if (name === undefined) return null;
      if (name === "nothing") return "export default {};";
      // Some have no name without the prefix.
      const names = Object.keys(require(`node:${name}`) as object).filter(
        (key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default",
      );
      return [
        `const builtin = /* @__PURE__ */ process.getBuiltinModule("node:${name}");`,
        "export default builtin;",
        ...names.map((key) => `export const ${key} = builtin.${key};`),
      ].join("\n");
    },
  };
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
