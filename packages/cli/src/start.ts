import { processHost } from "./process-host.ts";
import { run } from "./run.ts";

/**
 * Runs this process's command line. All output has been written by then, and ending at once spares
 * the clean-up of the heap and the wait for sockets that a server keeps open.
 */
export async function start(): Promise<never> {
  process.exit(await run(process.argv.slice(2), processHost()));
}
