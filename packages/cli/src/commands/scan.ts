import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { withModels } from "../model/with-model.ts";
import { addModelOptions } from "../options/model-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { collect } from "../options/trust-options.ts";
import type { AttestScanOptions } from "../scan/scan-attest.ts";
import type { ScanPathsOptions } from "../scan/scan-paths.ts";

export function scanCommand(host: Host, action: Action): Command {
  return (
    new Command("scan")
      .description("scan model files for code that runs when they are loaded")
      .helpCommand(false)
      // What stands behind "attest" is its own.
      .enablePositionalOptions()
      .argument("<path...>", "models: files, and folders of files")
      .option("--ignore-path <path>", "leave this out (repeatable)", collect)
      .option("--allow-symlinks", "follow links that stay inside the model")
      .option("--waivers <file>", "what is accepted by its digest, for a reason and a time")
      .option("--mlflow-uri <url>", "the server of models:/… (default: MLFLOW_TRACKING_URI)")
      .option("--format <form>", "text, json, sarif, junit or markdown", "text")
      .option("--json", "the same as --format json")
      .option("--sarif", "the same as --format sarif")
      .addHelpText("after", HELP)
      .action((paths: string[], options: ScanPathsOptions) =>
        action(
          withModels(paths, options, host, async (inner) =>
            (await import("../scan/scan-paths.ts")).scanPaths(paths, options, inner),
          ),
        ),
      )
      .addCommand(attestCommand(host, action))
  );
}

function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("scan a model, and sign the outcome as a claim beside it")
    .argument("<model>", "the model");
  addModelOptions(command)
    .option("--waivers <file>", "what is accepted by its digest, for a reason and a time")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", ATTEST_HELP)
    .action((model: string, options: AttestScanOptions) =>
      action(import("../scan/scan-attest.ts").then((it) => it.attestScan(model, options, host))),
    );
}

const HELP = `
Files are judged by their content. Nothing is loaded, and nothing is run. A file is safe where its
format holds data alone, or where all that it imports is on the allow list; a program, an import
that nobody reviewed and a file that is not understood to its end are refused, unless a waiver
names the file's SHA-256:

  {"schema": "urn:mlsign:scan-waivers:v1", "waivers": [{"sha256": "…", "import": "pkg.mod.Name",
    "reason": "our own class, reviewed in March", "expires": "2027-03-01"}]}

mlsign scan attest MODEL signs the outcome beside the model.

Examples:
  $ mlsign scan model.onnx
  $ mlsign scan model.onnx model/config.json --sarif
`;
const ATTEST_HELP = `
The claim (an in-toto test result) names each file, the version of mlsign and the digest of its
allow list, since what is known to be safe changes. A scan that refuses is not signed.

Example:
  $ mlsign scan attest model.onnx --key demo.key
`;
