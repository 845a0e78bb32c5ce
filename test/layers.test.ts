import { globSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import test from "ava";

/** The architecture: imports point from a later tier to an earlier one, and never sideways. */
const TIERS = [
  ["core"],
  [
    "hash",
    "bundle",
    "x509",
    "trust",
    "files",
    "git",
    "github",
    "oci",
    "audit-log",
    "mlflow",
    "objects",
    "report",
  ],
  ["manifest", "dvc"],
  [
    "sign",
    "verify",
    "card",
    "sbom",
    "deps",
    "lineage",
    "storage",
    "scan",
    "policy",
    "registry",
    "store",
    "trace",
  ],
  ["evidence"],
  ["gate"],
  ["cli"],
];

const ROOT = resolve(import.meta.dirname, "..");
const packages = globSync("packages/*/package.json", { cwd: ROOT }).map(
  (file) => dirname(file).split("/")[1] ?? "",
);

for (const name of packages) {
  const folder = resolve(ROOT, "packages", name);
  const manifest = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  const declared = Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
  const tier = tierOf(name);

  test(`${name} has a tier`, (t) => t.not(tier, -1));

  test(`${name} depends on lower tiers only`, (t) => {
    t.pass();
    for (const dependency of declared.filter((d) => d.startsWith("@mlsign/"))) {
      t.true(tierOf(dependency.slice("@mlsign/".length)) < tier, `${name} -> ${dependency}`);
    }
  });

  test(`${name} imports only what it declares, and stays in its folder`, (t) => {
    for (const file of globSync("src/**/*.ts", { cwd: folder })) {
      const path = resolve(folder, file);
      for (const specifier of specifiersOf(readFileSync(path, "utf8"))) {
        if (specifier.startsWith("node:")) continue;
        if (specifier.startsWith(".")) {
          t.true(
            resolve(dirname(path), specifier).startsWith(`${folder}/`),
            `${file} -> ${specifier}`,
          );
          continue;
        }
        const depth = specifier.startsWith("@") ? 2 : 1;
        t.true(
          declared.includes(specifier.split("/").slice(0, depth).join("/")),
          `${file} -> ${specifier}`,
        );
      }
    }
    t.pass();
  });
}

test("every tier's package exists", (t) => {
  t.deepEqual(TIERS.flat().toSorted(), packages.toSorted());
});

function tierOf(name: string): number {
  return TIERS.findIndex((names) => names.includes(name));
}

/** Static imports, re-exports and dynamic imports of a literal. */
function specifiersOf(source: string): string[] {
  const pattern = /(?:^|[;}\s])(?:from|import)\s*\(?\s*"([\w@./:#-]+)"/gm;
  return [...source.matchAll(pattern)].map((match) => match[1] ?? "");
}
