import { Command } from "commander";
import type { Action } from "../action.ts";
import type { AttestDepsOptions } from "../deps/deps-attest.ts";
import type { CheckDepsOptions } from "../deps/deps-check.ts";
import type { VerifyDepsOptions } from "../deps/deps-verify.ts";
import type { Host } from "../host.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { collect } from "../options/trust-options.ts";

export function depsCommand(host: Host, action: Action): Command {
  return new Command("deps")
    .description(
      "dependencies: are they pinned by hash, and are the installed bytes the pinned ones",
    )
    .helpCommand(false)
    .addCommand(checkCommand(host, action))
    .addCommand(verifyCommand(host, action))
    .addCommand(attestCommand(host, action));
}

function checkCommand(host: Host, action: Action): Command {
  const command = new Command("check")
    .description("check that each dependency is pinned by the hash of its bytes")
    .argument("[path...]", "dependency files, and folders to look for them in (default: .)");
  return addPolicyOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", CHECK_HELP)
    .action((paths: string[], options: CheckDepsOptions) =>
      action(import("../deps/deps-check.ts").then((it) => it.checkDeps(paths, options, host))),
    );
}

function verifyCommand(host: Host, action: Action): Command {
  const command = new Command("verify")
    .description("verify wheels and installed files against the pins, byte by byte")
    .requiredOption("--lock <path>", "where the pins are (repeatable)", collect)
    .option("--wheelhouse <dir>", "the wheels, as pip download --require-hashes leaves them")
    .option("--site-packages <dir>", "what is installed: the folder, or its virtual environment")
    .option("--allow-unpinned <name>", "may be installed without a pin (repeatable)", collect);
  return addPolicyOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((options: VerifyDepsOptions) =>
      action(import("../deps/deps-verify.ts").then((it) => it.verifyDeps(options, host))),
    );
}

function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("check the dependencies, and sign the outcome as a claim beside a model")
    .argument("<model>", "the model")
    .argument("[path...]", "dependency files, and folders to look for them in (default: .)")
    .option(
      "--ignore-path <path>",
      "leave this out of what the claim is about (repeatable)",
      collect,
    )
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--allow-symlinks", "follow links that stay inside the model");
  addPolicyOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", ATTEST_HELP)
    .action((model: string, paths: string[], options: AttestDepsOptions) =>
      action(
        import("../deps/deps-attest.ts").then((it) => it.attestDeps(model, paths, options, host)),
      ),
    );
}

function addPolicyOptions(command: Command): Command {
  return command
    .option("--allow-vcs-commit", "accept packages from version control at a commit")
    .option("--no-allow-vcs-commit", "refuse them (neither: warn)")
    .option("--allow-args", "accept digests that are a build argument's default")
    .option(
      "--allow-builds",
      "accept source distributions, whose build requirements no hash covers",
    );
}

const CHECK_HELP = `
Python, npm and conda lock files, Dockerfiles, workflows, Kubernetes and Compose files are found by
themselves; the files that were looked at are named on stderr. Every line is judged, whatever its
marker or platform. Nothing is run, and nothing is fetched.

Examples:
  $ mlsign deps check
  $ mlsign deps check requirements.txt --format sarif
`;
const VERIFY_HELP = `
From the pins to the wheels, from the wheels to each installed file, and then the files that nobody
owns. RECORD is never believed: who changes a module can change it too.

Examples:
  $ mlsign deps verify --lock requirements.txt --wheelhouse wheels
  $ mlsign deps verify --lock requirements.txt --wheelhouse wheels --site-packages .venv
`;
const ATTEST_HELP = `
The claim (an in-toto test result) names each file with the digest of the bytes that were judged. A
check that refuses, or is not decided, is not signed.

Example:
  $ mlsign deps attest model.onnx requirements.txt --key demo.key
`;
