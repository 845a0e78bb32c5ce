import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "ava";
import { repository, withGit } from "./repository.ts";
import { shell } from "./shell.ts";

const ROOT = resolve(import.meta.dirname, "..");
const README = readFileSync(resolve(ROOT, "README.md"), "utf8");
const scripts = (
  JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")) as { scripts: object }
).scripts;

/** `[command, output]` of every console block; `…` in an output stands for anything. */
const blocks = [...README.matchAll(/^```console\n([^]*?)^```$/gm)].map((block) =>
  (block[1] ?? "")
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...output] = step.trimEnd().split("\n");
      return [command, output.join("\n")] as const;
    }),
);

test("README.md has console blocks", (t) => t.true(blocks.length >= 2));

for (const [index, steps] of blocks.entries()) {
  const inRepository = steps.some(([command]) => command === "mlsign init");
  const run = inRepository ? withGit : test;
  run(`README.md's console block ${index + 1} does what it shows`, async (t) => {
    const { mlsign } = inRepository ? await repository(t, "") : shell(t);
    for (const [command, output] of steps) {
      const pnpm = /^npx --yes pnpm@12\.21\.0 (\S+)(?: (.+))?$/.exec(command);
      const script = pnpm?.[1];
      if (script !== undefined && script !== "mlsign") {
        t.true(script in scripts, command);
        continue;
      }
      const line = pnpm?.[2] ?? /^mlsign (.+)$/.exec(command)?.[1];
      if (line === undefined) {
        t.fail(`not a command that this test runs: ${command}`);
        continue;
      }
      const done = await mlsign(...line.split(" "));
      const shown = `${done.out}${done.err}`.trimEnd();
      t.true(matches(shown, output), `${command}\nshown:\n${shown}\nREADME:\n${output}`);
    }
    t.pass();
  });
}

test("README.md links to files that exist", (t) => {
  for (const [, target = ""] of README.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
    t.true(existsSync(resolve(ROOT, target)), target);
  }
});

test("README.md names every package", (t) => {
  for (const file of globSync("packages/*/package.json", { cwd: ROOT })) {
    const { name } = JSON.parse(readFileSync(resolve(ROOT, file), "utf8")) as { name: string };
    t.true(README.includes(`\`${name.replace("@mlsign/", "")}\``), name);
  }
});

test("README.md shows the matrix that was measured", (t) => {
  const printed = execFileSync(process.execPath, [resolve(ROOT, "scripts/matrix.ts")], {
    encoding: "utf8",
  });
  t.true(README.includes(printed.trim()));
});

function matches(shown: string, pattern: string): boolean {
  const source = pattern
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^]*?");
  return new RegExp(`^${source}$`).test(shown);
}
