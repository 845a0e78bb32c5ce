/** A token in software (SoftHSM) and the binding that talks to it, neither of which mlsign needs. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PEERS_DIR } from "./install.ts";

export interface SoftHsm {
  /** The PKCS #11 library. */
  readonly library: string;
  /** `softhsm2-util`. */
  readonly util: string;
}

const BINDING = "pkcs11js";
const VERSION = "2.1.7";
const ROOT = join(import.meta.dirname, "../..");

/** Installs both, from Debian and npm, or says why not. */
export function softHsm(): SoftHsm | { readonly reason: string } {
  try {
    if (!existsSync(LIBRARY)) {
      if (process.getuid?.() !== 0)
        return { reason: "softhsm2 is not installed, and only root installs it" };
      run("apt-get", ["update", "-qq"]);
      run("apt-get", ["install", "-y", "-qq", "softhsm2"]);
    }
    linkBinding();
    return { library: LIBRARY, util: "softhsm2-util" };
  } catch (error) {
    return {
      reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    };
  }
}

/** Compiles the binding against this Node's own headers, and puts it where `@mlsign/sign` looks. */
function linkBinding(): void {
  const folder = join(PEERS_DIR, "node", `${BINDING}-${VERSION}`);
  const installed = join(folder, "node_modules", BINDING);
  if (!existsSync(join(installed, "build"))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"private":true}');
    run("npm", ["install", "--no-audit", "--no-fund", `${BINDING}@${VERSION}`], folder, {
      npm_config_nodedir: headers(),
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    });
  }
  const place = join(ROOT, "packages/sign/node_modules", BINDING);
  if (!existsSync(place)) symlinkSync(installed, place);
}

function headers(): string {
  const store = join(ROOT, "node_modules/.pnpm");
  const found = readdirSync(store).find((name) => name.startsWith("node-linux-"));
  if (found === undefined) throw new Error("no Node headers");
  return join(store, found, "node_modules", found.split("@")[0] ?? "");
}

function run(
  program: string,
  args: string[],
  cwd: string = ROOT,
  env: NodeJS.ProcessEnv = {},
): void {
  execFileSync(program, args, { cwd, stdio: "pipe", env: { ...process.env, ...env } });
}

const LIBRARY = "/usr/lib/softhsm/libsofthsm2.so";
