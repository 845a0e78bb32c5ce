import type { JsonValue } from "@mlsign/core";
import { writeJson as jsonText } from "@mlsign/report";
import type { Host } from "../host.ts";

/** The one JSON document of a command; control and bidirectional characters in it are escaped. */
export function writeJson(host: Host, document: JsonValue): void {
  host.out(jsonText(document));
}

/** A line for a person. */
export function say(host: Host, line: string): void {
  host.err(`mlsign: ${line}\n`);
}
