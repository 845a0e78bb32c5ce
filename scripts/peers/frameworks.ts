/** Debian's releases of the frameworks, with all that they need, for the Python of this machine. */
import { globSync, existsSync } from "node:fs";
import { join } from "node:path";
import { unpacked } from "./debian.ts";
import { PEERS_DIR } from "./install.ts";
import { mustRun } from "./run.ts";

export interface Frameworks {
  readonly python: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A Python that imports Debian's frameworks, or why there is none. */
export async function debianFrameworks(): Promise<Frameworks | { readonly reason: string }> {
  const packages = existsSync(join(PEERS_DIR, "debian", NAME)) ? [] : await missing();
  if ("reason" in packages) return packages;
  const found = await unpacked(NAME, packages, `${MODULES}/sklearn/__init__.py`);
  if ("reason" in found) return found;
  const { folder } = found;
  const libraries = ["usr/lib", "lib/*-linux-gnu", "usr/lib/*-linux-gnu"].concat(
    ["openblas-pthread", "blas", "lapack"].map((name) => `usr/lib/*-linux-gnu/${name}`),
  );
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: libraries
      .flatMap((pattern) => globSync(pattern, { cwd: folder }))
      .map((path) => join(folder, path))
      .join(":"),
    PYTHONPATH: join(folder, MODULES),
  };
  return { python: "/usr/bin/python3", env };
}

/** What apt would install here: the frameworks and all that they need and this machine lacks. */
async function missing(): Promise<string[] | { readonly reason: string }> {
  const flags = ["install", "--print-uris", "-qq", "--no-install-recommends"];
  try {
    const list = await mustRun("apt-get", [...flags, ...FRAMEWORKS]);
    return [...list.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map(([, name = ""]) => name);
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

const NAME = "scan-frameworks";
const MODULES = "usr/lib/python3/dist-packages";
const FRAMEWORKS = ["sklearn", "torch", "xgboost", "pandas", "joblib"].map(
  (name) => `python3-${name}`,
);
