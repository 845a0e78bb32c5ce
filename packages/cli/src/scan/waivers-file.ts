import { createHash } from "node:crypto";
import { MlsignError, printable } from "@mlsign/core";
import { readWaivers, type Waiver } from "@mlsign/scan";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";

export interface WaiversFile {
  readonly sha256: string;
  readonly waivers: readonly Waiver[];
}

/** What `--waivers` names. @throws MlsignError `config-invalid`, `usage` */
export function waiversFile(file: string | undefined, host: Host): WaiversFile | undefined {
  if (file === undefined) return undefined;
  const bytes = readFile(file, host, MOST_BYTES);
  try {
    const waivers = readWaivers(bytes);
    return { sha256: createHash("sha256").update(bytes).digest("hex"), waivers };
  } catch (cause) {
    if (!(cause instanceof MlsignError)) throw cause;
    throw new MlsignError("config-invalid", `Cannot use ${printable(file)}: ${cause.message}`, {
      cause,
    });
  }
}

const MOST_BYTES = 4 * 1024 * 1024;
