/** Debian's packages, unpacked and not installed: no root, no service, no user. */
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PEERS_DIR } from "./install.ts";
import { mustRun } from "./run.ts";

/** The folder that the packages' files lie in, as under `/`; `program` is one of them. */
export async function unpacked(
  name: string,
  packages: readonly string[],
  program: string,
): Promise<{ readonly folder: string } | { readonly reason: string }> {
  const folder = join(PEERS_DIR, "debian", name);
  if (existsSync(join(folder, program))) return { folder };
  const partial = `${folder}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const options = { cwd: partial, timeout: 300_000 };
    const download = ["download", "-q", ...packages];
    await mustRun("apt-get", download, options).catch(async () => {
      await mustRun("apt-get", ["update", "-qq"], options);
      await mustRun("apt-get", download, options);
    });
    for (const archive of globSync("*.deb", { cwd: partial })) {
      await mustRun("dpkg-deb", ["-x", archive, "."], options);
      rmSync(join(partial, archive));
    }
    if (!existsSync(join(partial, program))) throw new Error(`${name} has no ${program}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return { folder };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
