/**
 * Makes the scanner's allow list from what real frameworks write:
 * `node scripts/scan-allow-list.ts PYTHON…`, each a Python with some of the frameworks. Names are
 * taken from the files, modes from their use, and what is called only through `scan-review.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inPython3, isDangerous, openFile, scanSource } from "@mlsign/scan";
import { BY_USE, FRAMEWORK_OF, REVIEWED } from "./scan-review.ts";

const ROOT = join(import.meta.dirname, "..");
const LIST = join(ROOT, "packages/scan/data/allow-list.json");
const MAKER = join(import.meta.dirname, "scan-frameworks.py");

async function main(pythons: readonly string[]): Promise<number> {
  if (pythons.length === 0) {
    console.error("usage: node scripts/scan-allow-list.ts PYTHON…");
    return 2;
  }
  const seen = new Map<string, Set<string>>();
  const versions = new Map<string, Set<string>>();
  for (const python of pythons) await collect(python, seen, versions);
  const entries = new Map<string, Map<string, readonly string[]>>();
  const refused: string[] = [];
  const add = (module: string, name: string, flags: string, reason: string): boolean => {
    const framework = FRAMEWORK_OF[module.split(".")[0] ?? ""];
    if (framework === undefined) return false;
    const names = entries.get(framework) ?? new Map<string, readonly string[]>();
    entries.set(framework, names.set(`${module} ${name}`, [module, name, flags, reason]));
    return true;
  };
  for (const [key, { flags, reason }] of REVIEWED) {
    const [module = "", name = ""] = key.split(" ");
    if (!add(module, name, flags, reason)) refused.push(`${key}: of no framework`);
  }
  for (const [key, uses] of seen) {
    if (REVIEWED.has(key)) continue;
    const [module = "", name = ""] = key.split(" ");
    const mode = uses.has("instance") ? "class" : "reference";
    if (isDangerous(module, name)) refused.push(`${key}: is known to be dangerous`);
    else if (uses.has("call") || uses.has("items")) refused.push(`${key}: ${[...uses].join(", ")}`);
    else if (!add(module, name, mode, mode)) refused.push(`${key}: of no framework`);
  }
  const frameworks = Object.entries(BY_USE).map(([framework, reasons]) => ({
    framework,
    versions: range(versions.get(framework) ?? new Set()),
    reasons,
    names: [...(entries.get(framework) ?? [])]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry),
  }));
  writeFileSync(LIST, layout(frameworks));
  for (const line of refused.toSorted()) console.error(`left out: ${line}`);
  for (const { framework, versions: range, names } of frameworks) {
    console.log(`${framework} ${range}: ${names.length} names`);
  }
  return 0;
}

/** Runs the frameworks of one Python, and reads what they wrote. */
async function collect(
  python: string,
  seen: Map<string, Set<string>>,
  versions: Map<string, Set<string>>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-frameworks-"));
  try {
    execFileSync(python, [MAKER, folder, "1"], { stdio: ["ignore", "ignore", "inherit"] });
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
      versions: Record<string, string>;
    };
    for (const [name, version] of Object.entries(index.versions)) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
    for (const file of readdirSync(folder)) {
      const source = openFile(join(folder, file));
      const { observations } = await scanSource(file, source);
      source.close();
      for (const { import: each } of observations) {
        if (each?.uses === undefined) continue;
        const key = inPython3(each.module, each.name).join(" ");
        const uses = seen.get(key) ?? new Set<string>();
        seen.set(key, uses);
        for (const use of each.uses) uses.add(use);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function range(versions: ReadonlySet<string>): string {
  const sorted = [...versions].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const [first = "", last = first] = [sorted[0], sorted.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** One name a line, so that a change of the list can be reviewed as a diff. */
function layout(
  frameworks: readonly {
    readonly framework: string;
    readonly versions: string;
    readonly reasons: Readonly<Record<string, string>>;
    readonly names: readonly (readonly string[])[];
  }[],
): string {
  const blocks = frameworks.map(({ framework, versions, reasons, names }) => {
    const lines = names.map((entry) => `        ${JSON.stringify(entry)}`).join(",\n");
    const head = JSON.stringify({ framework, versions, reasons }).slice(1, -1);
    return `    {\n      ${head},\n      "names": [\n${lines}\n      ]\n    }`;
  });
  return `{\n  "frameworks": [\n${blocks.join(",\n")}\n  ]\n}\n`;
}

process.exitCode = await main(process.argv.slice(2));
