import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { MlsignError } from "@mlsign/core";
import {
  parseTrustedRoot,
  type PublicOptions,
  publicTrustedRoot,
  type TrustedRoot,
} from "@mlsign/trust";

/** Where TUF keeps what it verified, as the command line has it. */
export function publicOptions(): PublicOptions {
  const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME ?? homedir(), ".cache");
  return { cachePath: join(cache, "mlsign", "tuf") };
}

/** The given root, else the public instance's; offline it is the one that is shipped. */
export async function trustedRootOf(
  file: string | undefined,
  staging: boolean | undefined,
): Promise<TrustedRoot> {
  if (file !== undefined) return parseTrustedRoot(readFileSync(file), file);
  if (staging) throw noStaging("--trusted-root");
  return publicTrustedRoot(publicOptions());
}

/** The staging instance's first TUF root ships with nobody: its root must be given. */
export function noStaging(flag: string): MlsignError {
  return new MlsignError("usage", `Cannot use the staging instance without ${flag}`);
}

/** A flag's value. */
export function needed(value: string | undefined, flag: string): string {
  if (value === undefined || value === "") throw new MlsignError("usage", `Cannot run: no ${flag}`);
  return value;
}
