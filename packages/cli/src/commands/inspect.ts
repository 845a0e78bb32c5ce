import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, MlsignError, printable } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { ClaimDescription } from "../inspect/describe-claims.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import { writeJson } from "../terminal/output.ts";

interface Options {
  readonly signature?: string;
  readonly json?: boolean;
}

export function inspectCommand(host: Host, action: Action): Command {
  return new Command("inspect")
    .description("show what a signature and the claims beside a model say; nothing is verified")
    .argument("<model>", "a model, or a signature file")
    .option("--signature <file>", "the signature (default: MODEL/model.sig, MODEL.sig)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((model: string, options: Options) => action(inspect(model, options, host)));
}

async function inspect(model: string, options: Options, host: Host): Promise<number> {
  const found = findBundle(model, options, host);
  const claims = found.location === undefined ? [] : await claimsOf(found.location, host);
  if (found.data === undefined && claims.length === 0) {
    throw new MlsignError("unsigned", `${printable(model)} is unsigned: there is nothing to show`, {
      hint: "name its signature with --signature",
    });
  }
  const { describeBundle, describeLines } = await import("../inspect/describe-bundle.ts");
  const description = found.data === undefined ? undefined : describeBundle(found.data);
  if (options.json) {
    const schema = "urn:mlsign:inspect:v1";
    writeJson(host, { schema, path: found.path, verified: false, ...description, claims });
    return EXIT.accepted;
  }
  const { table } = await import("@mlsign/report");
  if (description !== undefined) {
    host.out(`${printable(found.path)}: what it claims, unverified\n\n`);
    host.out(`${table(describeLines(description), host.columns)}\n`);
  }
  for (const claim of claims) {
    const { file, line, sha256: _, ...rest } = claim;
    host.out(`\n${printable(file)}, line ${line}\n\n`);
    host.out(`${table(describeLines(rest), host.columns)}\n`);
  }
  return EXIT.accepted;
}

async function claimsOf(location: ModelLocation, host: Host): Promise<ClaimDescription[]> {
  const { claimsFiles } = await import("../model/claims-location.ts");
  if (!claimsFiles(location).some((file) => existsSync(file))) return [];
  const { describeClaims } = await import("../inspect/describe-claims.ts");
  return describeClaims(location, host);
}

interface Found {
  readonly path: string;
  readonly data: Buffer | undefined;
  /** The model, where it is not a signature file itself that was named. */
  readonly location: ModelLocation | undefined;
}

/** A signature file itself, else the signature of a model. */
function findBundle(model: string, options: Options, host: Host): Found {
  const given = resolve(host.cwd, model);
  const stats = statSync(given, { throwIfNoEntry: false });
  if (options.signature === undefined && stats?.isFile() && stats.size <= MOST_BYTES) {
    const data = readBounded(given, MOST_BYTES) ?? Buffer.alloc(0);
    if (looksLikeBundle(data)) return { path: model, data, location: undefined };
  }
  const location = locateModel(model, host.cwd, options.signature);
  const data = readBounded(location.signaturePath, MOST_BYTES);
  return { path: location.signaturePath.replace(`${host.cwd}/`, ""), data, location };
}

function looksLikeBundle(data: Buffer): boolean {
  return data.subarray(0, 1024 * 1024).includes("application/vnd.dev.sigstore.bundle");
}

const MOST_BYTES = 64 * 1024 * 1024;
const HELP = `
Example:
  $ mlsign inspect model.onnx
`;
