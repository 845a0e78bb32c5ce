import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { dataHistory } from "../src/data-history.ts";

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const withGit = hasGit ? test : test.skip;
const [ONE, TWO] = ["1".repeat(31).concat("a"), "2".repeat(31).concat("b")];

/** A repository of commits, each of which writes files, or deletes those without content. */
function imported(
  t: ExecutionContext,
  commits: readonly { branch?: string; from?: number; files: Record<string, string | null> }[],
): string {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-data-history-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
  execFileSync("git", ["init", "-q", "-b", "main"], { cwd: dir, env });
  const stream = commits.map(({ branch = "main", from, files }, at) => {
    const who = `committer Ana <ana@example.com> ${1_700_000_000 + at} +0000`;
    const parent = from === undefined ? "" : `from :${from}\n`;
    const changes = Object.entries(files).map(([name, content]) =>
      content === null
        ? `D ${name}\n`
        : `M 100644 inline ${name}\ndata ${Buffer.byteLength(content)}\n${content}\n`,
    );
    return `commit refs/heads/${branch}\nmark :${at + 1}\n${who}\ndata 1\nm\n${parent}${changes.join("")}`;
  });
  execFileSync("git", ["fast-import", "--quiet"], { cwd: dir, env, input: stream.join("") });
  return dir;
}

const dvc = (md5: string, path = "data.csv"): string =>
  `outs:\n- md5: ${md5}\n  hash: md5\n  path: ${path}\n`;
const lock = (outs: Record<string, string>): string =>
  `schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n${Object.entries(outs)
    .map(([path, md5]) => `    - path: ${path}\n      hash: md5\n      md5: ${md5}\n`)
    .join("")}`;

async function told(dir: string, ...paths: string[]) {
  const history = await dataHistory(dir, paths);
  return history.map(({ file, path, before, after }) => [file, path, before, after]);
}

withGit("dataHistory() tells additions, changes and deletions, newest first", async (t) => {
  const dir = imported(t, [
    { files: { "a.dvc": dvc(ONE), "sub/dvc.lock": lock({ x: ONE, y: ONE }), "other.txt": "x" } },
    { files: { "a.dvc": dvc(TWO), "sub/dvc.lock": lock({ x: ONE, z: TWO }) } },
    { files: { "a.dvc": dvc(ONE) } },
    { files: { "a.dvc": null } },
  ]);
  t.deepEqual(await told(dir), [
    ["a.dvc", "data.csv", ONE, undefined],
    ["a.dvc", "data.csv", TWO, ONE],
    ["a.dvc", "data.csv", ONE, TWO],
    ["sub/dvc.lock", "y", ONE, undefined],
    ["sub/dvc.lock", "z", undefined, TWO],
    ["a.dvc", "data.csv", undefined, ONE],
    ["sub/dvc.lock", "x", undefined, ONE],
    ["sub/dvc.lock", "y", undefined, ONE],
  ]);
  t.is((await told(dir, "sub/dvc.lock")).length, 4);
});

withGit("dataHistory() sees what branches did, also where nothing merged them", async (t) => {
  const dir = imported(t, [
    { files: { "a.dvc": dvc(ONE) } },
    { branch: "side", from: 1, files: { "a.dvc": dvc(TWO) } },
    { from: 1, files: { "b.dvc": dvc(TWO, "b") } },
  ]);
  t.is((await told(dir)).length, 3);
});

withGit("dataHistory() names a version that it cannot read, and goes on", async (t) => {
  const dir = imported(t, [
    { files: { "a.dvc": dvc(ONE) } },
    { files: { "a.dvc": "outs: [" } },
    { files: { "a.dvc": `${dvc(TWO)}# ${"x".repeat(17 * 1024 * 1024)}\n` } },
    { files: { "a.dvc": dvc(TWO) } },
  ]);
  const history = await told(dir);
  t.is(history.filter(([, path]) => path === "(unreadable)").length, 3);
  t.deepEqual(history.at(-1), ["a.dvc", "data.csv", undefined, ONE]);
  t.true(history.some(([, path, , after]) => path === "data.csv" && after === TWO));
});
