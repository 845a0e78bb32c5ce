import { MlsignError, printable } from "@mlsign/core";
import { type Report, toJson, toJunit, toMarkdown, toSarif, toText } from "@mlsign/report";
import type { Host } from "../host.ts";
import { writeJson } from "./output.ts";

export type ReportFormat = "text" | "json" | "sarif" | "junit" | "markdown";

export interface ReportOptions {
  readonly format?: ReportFormat;
  readonly json?: boolean;
}

/** Prints a report in the form that was asked for. */
export function printReport(report: Report, options: ReportOptions, host: Host): void {
  const format = options.json ? "json" : (options.format ?? "text");
  switch (format) {
    case "json":
      return writeJson(host, toJson(report));
    case "sarif":
      return writeJson(host, toSarif(report));
    case "junit":
      return host.out(toJunit(report));
    case "markdown":
      return host.out(toMarkdown(report));
    default:
      return host.out(toText(report, { columns: host.columns, colour: host.colour }));
  }
}

/** @throws MlsignError `usage`, before any work is done for nothing. */
export function checkFormat({ format = "text" }: ReportOptions): void {
  if (["text", "json", "sarif", "junit", "markdown"].includes(format)) return;
  throw new MlsignError(
    "usage",
    `Cannot print as ${printable(format)}: not text, json, sarif, junit or markdown`,
  );
}
