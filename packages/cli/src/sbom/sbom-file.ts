import { MlsignError, messageOf, printable } from "@mlsign/core";
import { type BomView, readBom } from "@mlsign/sbom";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";

/** A bill of materials, read once. */
export interface ReadBom {
  readonly bytes: Buffer;
  readonly view: BomView;
}

/** @throws MlsignError `usage` where there is none, `json-invalid` for what is no CycloneDX */
export function readBomFile(file: string, host: Host): ReadBom {
  const bytes = readFile(file, host, MOST_BYTES);
  try {
    return { bytes, view: readBom(bytes) };
  } catch (cause) {
    if (!(cause instanceof MlsignError) || cause.code !== "json-invalid") throw cause;
    throw new MlsignError("json-invalid", `Cannot use ${printable(file)}: ${messageOf(cause)}`, {
      cause,
      hint: "a bill of materials is CycloneDX in JSON, 1.4 to 1.7",
    });
  }
}

const MOST_BYTES = 64 * 1024 * 1024;
