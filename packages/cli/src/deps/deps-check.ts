import { exitOfVerdict } from "@mlsign/core";
import type { Host } from "../host.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { type DependencyPolicyFlags, factsOfFiles, judgeLocks, tellFiles } from "./lock-files.ts";

export interface CheckDepsOptions extends DependencyPolicyFlags, ReportOptions {}

/** Judges whether dependencies are pinned by hash, in files that are named or found. */
export function checkDeps(paths: readonly string[], options: CheckDepsOptions, host: Host): number {
  checkFormat(options);
  const wanted = paths.length === 0 ? ["."] : paths;
  const checked = judgeLocks(wanted, options, host);
  tellFiles(checked, host);
  const { verdict, findings } = checked;
  const tool = { name: "mlsign", version: VERSION };
  const facts = factsOfFiles(checked, host.clock());
  const subject = wanted.join(" ");
  printReport({ tool, command: "deps check", subject, verdict, findings, facts }, options, host);
  return exitOfVerdict(verdict);
}
