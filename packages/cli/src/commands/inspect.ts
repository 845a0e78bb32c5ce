import { statSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, MlsignError, printable } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import { Command } from "commander";
import type { Host } from "../host.ts";
import { locateModel } from "../model-location.ts";
import { writeJson } from "../output.ts";
import type { Action } from "../program.ts";

interface Options {
  readonly signature?: string;
  readonly json?: boolean;
}

export function inspectCommand(host: Host, action: Action): Command {
  return new Command("inspect")
    .description("show what a signature claims; nothing is verified")
    .argument("<model>", "a model, or a signature file")
    .option("--signature <file>", "the signature (default: MODEL/model.sig, MODEL.sig)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((model: string, options: Options) => action(inspect(model, options, host)));
}

async function inspect(model: string, options: Options, host: Host): Promise<number> {
  const { path, data } = findBundle(model, options, host);
  const { describeBundle } = await import("../describe-bundle.ts");
  const description = describeBundle(data);
  if (options.json) {
    writeJson(host, { schema: "urn:mlsign:inspect:v1", path, verified: false, ...description });
    return EXIT.accepted;
  }
  const { table } = await import("@mlsign/report");
  const { describeLines } = await import("../describe-bundle.ts");
  host.out(`${printable(path)}: what it claims, unverified\n\n`);
  host.out(`${table(describeLines(description), host.columns)}\n`);
  return EXIT.accepted;
}

/** A signature file itself, else the signature of a model. */
function findBundle(model: string, options: Options, host: Host): { path: string; data: Buffer } {
  const given = resolve(host.cwd, model);
  const stats = statSync(given, { throwIfNoEntry: false });
  if (options.signature === undefined && stats?.isFile() && stats.size <= MOST_BYTES) {
    const data = readBounded(given, MOST_BYTES) ?? Buffer.alloc(0);
    if (looksLikeBundle(data)) return { path: model, data };
  }
  const location = locateModel(model, host.cwd, options.signature);
  const data = readBounded(location.signaturePath, MOST_BYTES);
  if (data !== undefined) return { path: location.signaturePath.replace(`${host.cwd}/`, ""), data };
  throw new MlsignError(
    "unsigned",
    `${printable(model)} is unsigned: there is no signature to show`,
    {
      hint: "name its signature with --signature",
    },
  );
}

function looksLikeBundle(data: Buffer): boolean {
  return data.subarray(0, 1024 * 1024).includes("application/vnd.dev.sigstore.bundle");
}

const MOST_BYTES = 64 * 1024 * 1024;
const HELP = `
Example:
  $ mlsign inspect model.onnx
`;
