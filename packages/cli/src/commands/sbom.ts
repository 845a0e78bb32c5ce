import { Command, Option } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addModelOptions } from "../options/model-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions, collect } from "../options/trust-options.ts";
import type { AttestSbomOptions } from "../sbom/sbom-attest.ts";
import type { CreateSbomOptions } from "../sbom/sbom-create.ts";
import type { ListSbomFlags } from "../sbom/sbom-list.ts";
import type { VerifySbomOptions } from "../sbom/sbom-verify.ts";

export function sbomCommand(host: Host, action: Action): Command {
  return new Command("sbom")
    .description("bills of materials (CycloneDX ML-BOM): make, sign and verify them")
    .helpCommand(false)
    .addCommand(createCommand(host, action))
    .addCommand(attestCommand(host, action))
    .addCommand(verifyCommand(host, action))
    .addCommand(listCommand(host, action));
}

function createCommand(host: Host, action: Action): Command {
  const command = new Command("create")
    .description("make the bill of materials of a model")
    .argument("<model>", "the model")
    .option("-o, --output <file>", "write it there (default: to stdout)")
    .addOption(
      new Option("--spec-version <version>", "of CycloneDX").choices(["1.6", "1.7"]).default("1.6"),
    )
    .option("--deps <path>", "a lock file, or a folder of them (repeatable)", collect)
    .option("--card <file>", "the model's card")
    .option("--data <file>", "a .dvc file or dvc.lock of the repository (repeatable)", collect)
    .option("--container <ref>", "the image that it was trained in, with its digest")
    .option(
      "--base-model <name>",
      "what it was tuned from: NAME[@REVISION][#sha256:ROOT][=PATH] (repeatable)",
      collect,
    )
    .option("--name <name>", "the model's name (default: the card's, else the file's)")
    .option("--model-version <version>", "the model's version (default: the card's)");
  return addModelOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", CREATE_HELP)
    .action((model: string, options: CreateSbomOptions) =>
      action(import("../sbom/sbom-create.ts").then((it) => it.createSbom(model, options, host))),
    );
}

function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("check a bill of materials against its model, and sign that they belong together")
    .argument("<model>", "the model")
    .requiredOption("--sbom <file>", "CycloneDX in JSON, by mlsign or another tool")
    .option("--deps <path>", "compare with this lock file or folder (repeatable)", collect);
  addModelOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", ATTEST_HELP)
    .action((model: string, options: AttestSbomOptions) =>
      action(import("../sbom/sbom-attest.ts").then((it) => it.attestSbom(model, options, host))),
    );
}

function verifyCommand(host: Host, action: Action): Command {
  const command = new Command("verify")
    .description("verify a model's signed bill of materials, digest by digest")
    .argument("<model>", "the model")
    .option("--sbom <file>", "this must be the signed one (default: every signed one)")
    .option("--deps <path>", "the live lock file, or a folder of them (repeatable)", collect)
    .option("--claims <file>", "the model's claims (repeatable; default: beside it)", collect);
  return addTrustOptions(addModelOptions(command))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((model: string, options: VerifySbomOptions) =>
      action(import("../sbom/sbom-verify.ts").then((it) => it.verifySbom(model, options, host))),
    );
}

function listCommand(host: Host, action: Action): Command {
  const command = new Command("list")
    .description("list the packages of a model in a registry, without fetching it")
    .argument("<ref>", "REGISTRY/REPOSITORY@sha256:…");
  return addTrustOptions(command)
    .option("--json", "print one JSON document")
    .addHelpText("after", LIST_HELP)
    .action((ref: string, options: ListSbomFlags) =>
      action(import("../sbom/sbom-list.ts").then((it) => it.listSbom(ref, options, host))),
    );
}

const CREATE_HELP = `
It holds each file with its SHA-256, the card, the data, the commit, the container, base models,
and every package of the lock files with the hashes that they pin. What is not there is named on
stderr. The same input at the same time gives the same bytes.

Examples:
  $ mlsign sbom create model.onnx --card README.md --deps requirements.txt -o bom.json
  $ mlsign sbom create ./model --spec-version 1.7
`;
const ATTEST_HELP = `
It must be valid, and name the model's files as they are. What another tool's bill of materials does
not say is told, and is no reason not to sign it. The claim goes into the model's claims.jsonl.

Example:
  $ mlsign sbom attest model.onnx --sbom bom.json --key demo.key
`;
const VERIFY_HELP = `
Files are compared with the model, packages with the lock files of --deps, and data, commit and
container with the lineage that a trusted signer signed. What nothing was given to compare with is
told.

Example:
  $ mlsign sbom verify model.onnx --deps requirements.txt --key demo.pub
`;
const LIST_HELP = `
The bill of materials is one of the claims that mlsign push attached. With trust, only what that
signer signed for this very model is listed; without, it is told that anybody may have written it.

Example:
  $ mlsign sbom list registry.example/models/demo@sha256:… --key demo.pub
`;
