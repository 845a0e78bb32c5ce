import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { decide, exitOfVerdict, MlsignError, printable } from "@mlsign/core";
import { verifyInstalled, verifyWheelhouse } from "@mlsign/deps";
import type { Host } from "../host.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { type DependencyPolicyFlags, factsOfFiles, judgeLocks } from "./lock-files.ts";

export interface VerifyDepsOptions extends DependencyPolicyFlags, ReportOptions {
  readonly lock: readonly string[];
  readonly wheelhouse?: string;
  readonly sitePackages?: string;
  readonly allowUnpinned?: readonly string[];
}

/** Verifies bytes against pins: the wheels, and what is installed from them. */
export async function verifyDeps(options: VerifyDepsOptions, host: Host): Promise<number> {
  checkFormat(options);
  const { lock, wheelhouse, sitePackages, allowUnpinned = [] } = options;
  if (wheelhouse === undefined && sitePackages === undefined) {
    throw new MlsignError("usage", "Cannot verify dependencies: there are no bytes to look at", {
      hint: "give --wheelhouse DIR, --site-packages DIR, or both",
    });
  }
  const checked = judgeLocks(lock, options, host);
  const pins = checked.entries;
  const house = wheelhouse === undefined ? undefined : folder(wheelhouse, host);
  const proved =
    sitePackages === undefined
      ? (await verifyWheelhouse({ pins, wheelhouseDir: house ?? "" })).findings
      : await verifyInstalled({
          pins,
          ...(house !== undefined && { wheelhouseDir: house }),
          sitePackagesDir: siteOf(folder(sitePackages, host)),
          allowUnpinned,
        });
  const findings = [...checked.findings, ...proved];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  const subject = sitePackages ?? wheelhouse ?? "";
  const facts = factsOfFiles(checked, host.clock());
  printReport({ tool, command: "deps verify", subject, verdict, findings, facts }, options, host);
  return exitOfVerdict(verdict);
}

function folder(path: string, host: Host): string {
  const full = resolve(host.cwd, path);
  if (existsSync(full)) return full;
  throw new MlsignError("usage", `Cannot find ${printable(path)}: no such folder`);
}

/** A virtual environment's own site-packages, where that is what was named. */
function siteOf(path: string): string {
  if (!existsSync(join(path, "pyvenv.cfg"))) return path;
  const windows = join(path, "Lib", "site-packages");
  if (existsSync(windows)) return windows;
  const lib = join(path, "lib");
  const found = (existsSync(lib) ? readdirSync(lib) : [])
    .map((name) => join(lib, name, "site-packages"))
    .filter((site) => existsSync(site));
  const [only, ...rest] = found;
  if (only !== undefined && rest.length === 0) return only;
  throw new MlsignError(
    "usage",
    `Cannot tell which site-packages of ${printable(path)} is meant: it has ${found.length}`,
    { hint: "name the folder itself, such as .venv/lib/python3.12/site-packages" },
  );
}
