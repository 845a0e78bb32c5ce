import { posix } from "node:path";
import { decide, exitOfVerdict, type Fact } from "@mlsign/core";
import { type Listing, localSource } from "@mlsign/manifest";
import { ALLOW_LIST_DIGEST, type ScanInput, type TreeScan } from "@mlsign/scan";
import type { Host } from "../host.ts";
import { placeOf } from "../model/brought-model.ts";
import { ignoredName, locateModel } from "../model/model-location.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { scanInputs, scanModel } from "./scan-model.ts";
import { waiversFile } from "./waivers-file.ts";

export interface ScanPathsOptions extends ReportOptions {
  readonly ignorePath?: readonly string[];
  readonly allowSymlinks?: boolean;
  readonly waivers?: string;
  readonly mlflowUri?: string;
  readonly sarif?: boolean;
}

/** Scans models, each a file or a folder, and says of each file what loading it would do. */
export async function scanPaths(
  paths: readonly string[],
  options: ScanPathsOptions,
  host: Host,
): Promise<number> {
  const { json = false, sarif = false, format = "text" } = options;
  const shape = json ? "json" : sarif ? "sarif" : format;
  checkFormat({ format: shape });
  const waivers = waiversFile(options.waivers, host);
  const inputs: ScanInput[] = [];
  for (const path of paths) {
    const listing = await list(path, options, host);
    for (const input of scanInputs(listing)) {
      inputs.push({ ...input, path: placed(input.path, path, listing) });
    }
  }
  const { tree, findings } = await scanModel(inputs, waivers, host);
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  const facts = [factOf(tree, paths.join(" "), host)];
  const report = { tool, command: "scan", subject: paths.join(" "), verdict, findings, facts };
  printReport(report, { format: shape }, host);
  return exitOfVerdict(verdict);
}

async function list(path: string, options: ScanPathsOptions, host: Host): Promise<Listing> {
  const location = locateModel(placeOf(path, host), host.cwd);
  const ignorePaths = [
    ...(options.ignorePath ?? []).map((ignored) => ignoredName(ignored, location, host.cwd)),
    ...location.ownNames,
  ];
  const { allowSymlinks = false } = options;
  return localSource(location.path).list({ ignorePaths, allowSymlinks, signal: host.signal });
}

/** A file of a model as a path that its reader can open. */
function placed(file: string, model: string, { kind }: Listing): string {
  const path = posix.normalize(model.replace(/\/+$/, "") || "/");
  return kind === "directory" ? posix.join(path, file) : path;
}

function factOf({ files, unread }: TreeScan, source: string, host: Host): Fact {
  const value = {
    allowList: ALLOW_LIST_DIGEST,
    files: files.map(({ observations, formats, ...file }) => ({
      ...file,
      formats: [...formats],
      observations: observations.map(({ within, import: name, ...rest }) => ({
        ...rest,
        within: [...within],
        ...(name !== undefined && { import: { ...name } }),
      })),
    })),
    unread: unread.map((each) => ({ ...each })),
  };
  return { kind: "scan", source, at: host.clock().toISOString(), value };
}
