import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PEERS_DIR } from "./install.ts";
import { mustRun } from "./run.ts";

export interface GoProgram {
  readonly name: string;
  readonly module: string;
  /** With its leading `v`. */
  readonly version: string;
  /** Below the module; the module itself where it is left out. */
  readonly folder?: string;
  /** Compiling it takes minutes: only who asks for it with MLSIGN_SLOW_PEERS=1 waits. */
  readonly slow?: boolean;
}

/**
 * A program of a Go module, built where it is missing, or why it cannot be had. As a requirement of
 * a module of our own: `go install` also asks for a list of versions, which not every proxy has.
 */
export async function goProgram({
  name,
  module,
  version,
  folder,
  slow = false,
}: GoProgram): Promise<{ readonly program: string } | { readonly reason: string }> {
  const home = join(PEERS_DIR, "go", `${name}-${version.slice(1)}`);
  const program = join(home, name);
  if (existsSync(program)) return { program };
  if (slow && process.env["MLSIGN_SLOW_PEERS"] !== "1")
    return { reason: "compiled on request alone: MLSIGN_SLOW_PEERS=1" };
  const partial = `${home}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const text = `module mlsign/${name}\n\ngo 1.26\n\nrequire ${module} ${version}\n`;
    writeFileSync(join(partial, "go.mod"), text);
    const flags = ["-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", name];
    const env = { ...process.env, CGO_ENABLED: "0" };
    const options = { env, cwd: partial, timeout: 1_800_000 };
    const target = folder === undefined ? module : `${module}/${folder}`;
    await mustRun("go", ["build", ...flags, target], options);
    renameSync(partial, home);
    return { program };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
