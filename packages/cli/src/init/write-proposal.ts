import { writeFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import type { Host } from "../host.ts";

/**
 * Made only where there is none: a file that appeared meanwhile is kept.
 *
 * @throws MlsignError `output-exists`, `file-unwritable`
 */
export function writeProposal(file: string, text: string, host: Host): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") throw alreadyThere(file, host);
    const why = systemCode(cause);
    throw new MlsignError("file-unwritable", `Cannot write ${basename(file)}: ${why}`, { cause });
  }
}

/** A file that a person may have edited is not written over. */
export function alreadyThere(file: string, host: Host): MlsignError {
  const shown = printable(relative(host.cwd, file) || basename(file));
  return new MlsignError("output-exists", `Cannot write ${shown}: it exists`, {
    hint: "--print shows what would be proposed",
  });
}
