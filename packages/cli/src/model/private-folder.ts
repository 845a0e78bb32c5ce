import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that nobody else can look into, and that is gone afterwards, also when interrupted. */
export async function withPrivateFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-model-"));
  if (folders.size === 0) for (const signal of SIGNALS) process.once(signal, interrupted);
  folders.add(folder);
  try {
    return await work(folder);
  } finally {
    folders.delete(folder);
    if (folders.size === 0) for (const signal of SIGNALS) process.off(signal, interrupted);
    remove(folder);
  }
}

function interrupted(signal: NodeJS.Signals): void {
  for (const folder of folders) remove(folder);
  // The handler is gone by now: the signal does what it does without one.
  process.kill(process.pid, signal);
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Those that are there now, of every command that runs in this process. */
const folders = new Set<string>();
