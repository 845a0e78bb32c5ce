/** gitsign, which signs and verifies commits keylessly. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PEERS_DIR } from "./install.ts";
import { mustRun } from "./run.ts";

/** The folder that it is in, for `PATH`, or why it cannot be had. */
export async function gitsignFolder(): Promise<
  { readonly folder: string } | { readonly reason: string }
> {
  const folder = join(PEERS_DIR, "go", `gitsign-${VERSION.slice(1)}`);
  if (existsSync(join(folder, "gitsign"))) return { folder };
  const partial = `${folder}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    // `go install` also asks for a list of versions, which not every proxy has.
    const module = `module mlsign/gitsign\n\ngo 1.26\n\nrequire ${MODULE} ${VERSION}\n`;
    writeFileSync(join(partial, "go.mod"), module);
    const flags = ["-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", "gitsign"];
    const env = { ...process.env, CGO_ENABLED: "0" };
    await mustRun("go", ["build", ...flags, MODULE], { env, cwd: partial, timeout: 1_800_000 });
    renameSync(partial, folder);
    return { folder };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

const MODULE = "github.com/sigstore/gitsign";
const VERSION = "v0.14.0";
