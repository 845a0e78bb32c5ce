import { processHost } from "./process-host.ts";
import { run } from "./run.ts";

/** Runs this process's command line. */
export async function start(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), processHost());
}
