/** Installs the peers that are missing, then runs the tests against them. Arguments go to AVA. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { installPeers, peers } from "./peers.ts";

const ROOT = dirname(import.meta.dirname);

await installPeers();
for (const [name, reason] of Object.entries((await peers()).skipped)) {
  console.error(`${name}: skipped: ${reason}`);
}
const ava = fileURLToPath(new URL("cli.js", import.meta.resolve("ava")));
const child = spawn(
  process.execPath,
  [ava, "--config", "scripts/ava.config.js", ...process.argv.slice(2)],
  { cwd: ROOT, stdio: "inherit" },
);
process.on("SIGINT", () => child.kill("SIGINT")).on("SIGTERM", () => child.kill("SIGTERM"));
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
