import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { hex, noise, temporary } from "./files.ts";

const SOURCE = fileURLToPath(new URL("../src", import.meta.url));

/** Hashes two files and says in how many workers. */
const PROGRAM = `
import { lstatSync } from "node:fs";
import { hashFiles } from "./index.EXT";
let workers = 0;
process.on("worker", () => { workers += 1; });
const jobs = process.argv.slice(2).map((path) => ({ path, name: path, size: lstatSync(path).size }));
const results = await hashFiles(jobs, { algorithms: ["sha256"], workers: 1 });
console.log(JSON.stringify({ workers, digests: results.map(({ digests }) => digests.sha256) }));
`;

for (const [extension, worker] of [
  ["js", true],
  ["mjs", true],
  ["mjs", false],
] as const) {
  const how = worker ? "finds its worker" : "hashes without its worker's file";
  test(`\`hashFiles()\` ${how} from a package of .${extension}`, async (t) => {
    const directory = temporary(t);
    const dist = build(join(directory, "package"), extension, worker);
    const contents = [noise(100_000, 1), noise(100_000, 2)];
    const paths = contents.map((content, at) => {
      const path = join(directory, `f${at}`);
      writeFileSync(path, content);
      return path;
    });
    const program = join(dist, `program.${extension}`);
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...paths]);
    const digests = contents.map((content) => hex("sha256", content));
    t.deepEqual(JSON.parse(stdout), { workers: worker ? 1 : 0, digests });
  });
}

/** The package as it is published: no types, and another extension. */
function build(root: string, extension: string, worker: boolean): string {
  const dist = join(root, "dist");
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  const core = dirname(createRequire(import.meta.url).resolve("@mlsign/core"));
  pack(core, join(root, "node_modules/@mlsign/core"), "js");
  writeFileSync(
    join(root, "node_modules/@mlsign/core/package.json"),
    '{"type":"module","exports":"./index.js"}',
  );
  const modules = join(SOURCE, "../node_modules");
  for (const name of ["@napi-rs", "hash-wasm"]) {
    symlinkSync(join(modules, name), join(root, "node_modules", name));
  }
  pack(SOURCE, dist, extension, worker ? undefined : "hash-worker.ts");
  writeFileSync(join(dist, `program.${extension}`), PROGRAM.replace("EXT", extension));
  return dist;
}

function pack(from: string, to: string, extension: string, without?: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((file) => file.endsWith(".ts") && file !== without)) {
    const text = stripTypeScriptTypes(readFileSync(join(from, name), "utf8"));
    const imports = text.replaceAll(/(from |import\()"(\.\/[^"]*)\.ts"/g, `$1"$2.${extension}"`);
    writeFileSync(join(to, name.replace(/ts$/, extension)), imports);
  }
}
