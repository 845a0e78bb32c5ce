/** Runs a program until it ends or until standard input does, so that no server outlives a test. */
import { spawn } from "node:child_process";

const [program = "", ...args] = process.argv.slice(2);
// A group of its own: some servers start others, which must end with them.
const child = spawn(program, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
process.stdin.on("close", stop).resume();
process.on("SIGTERM", stop).on("SIGINT", stop);
child.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on("exit", (code) => process.exit(code ?? 0));

function stop(): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}
