/**
 * Installs the peers that are missing, then runs the tests against them, file by file. Arguments
 * go to AVA: `node scripts/interop.ts test/interop/matrix.test.ts`, `--match '…'`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { installPeers, peers } from "./peers.ts";

const ROOT = dirname(import.meta.dirname);
const AVA = fileURLToPath(new URL("cli.js", import.meta.resolve("ava")));

async function main(args: readonly string[]): Promise<number> {
  await installPeers();
  for (const [name, reason] of Object.entries((await peers()).skipped)) {
    console.error(`${name}: skipped: ${reason}`);
  }
  if (args.length > 0) return ava(args);
  const files = globSync("test/interop/*.test.ts", { cwd: ROOT }).toSorted();
  const begun = Date.now();
  const failed: string[] = [];
  for (const [at, file] of files.entries()) {
    const name = basename(file, ".test.ts");
    const place = `[${at + 1}/${files.length}] ${name}`;
    console.error(`${place}: after ${seconds(begun)}`);
    const start = Date.now();
    const code = await ava([file]);
    console.error(`${place}: ${code === 0 ? "passed" : "FAILED"} in ${seconds(start)}`);
    if (code !== 0) failed.push(name);
    if (interrupted) return 130;
  }
  const what = failed.length === 0 ? "all passed" : `failed: ${failed.join(", ")}`;
  console.error(`${files.length} files in ${seconds(begun)}, ${what}`);
  return failed.length === 0 ? 0 : 1;
}

let interrupted = false;

async function ava(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [AVA, "--config", "scripts/ava.config.js", ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
  const end = (signal: NodeJS.Signals): void => {
    interrupted = true;
    child.kill(signal);
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  const [code] = (await once(child, "exit")) as [number | null];
  process.off("SIGINT", end).off("SIGTERM", end);
  return code ?? 1;
}

function seconds(since: number): string {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}

process.exitCode = await main(process.argv.slice(2));
