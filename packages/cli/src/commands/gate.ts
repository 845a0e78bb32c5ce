import { Command } from "commander";
import type { Action } from "../action.ts";
import type { ApproveOptions } from "../gate/approve.ts";
import type { PromoteOptions } from "../gate/promote.ts";
import type { Host } from "../host.ts";
import { withModel } from "../model/with-model.ts";
import { addLookOptions } from "../options/look-options.ts";
import { addPolicySignerOptions } from "../options/policy-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";

export function approveCommand(host: Host, action: Action): Command {
  const command = new Command("approve")
    .description("sign your approval of a model for a target, as yourself")
    .argument("<model>", "the model")
    .requiredOption("--to <env>", "the target, as policies name it")
    .option("--mlflow-uri <url>", "the server of models:/… (default: MLFLOW_TRACKING_URI)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", APPROVE_HELP)
    .action((model: string, options: ApproveOptions) =>
      action(
        withModel(model, { ...options, writes: true }, host, async (inner) =>
          (await import("../gate/approve.ts")).approveModel(model, options, inner),
        ),
      ),
    );
}

export function promoteCommand(host: Host, action: Action): Command {
  const command = new Command("promote")
    .description("judge a model by a policy, and sign that it may go to a target")
    .argument("<model>", "the model")
    .requiredOption("--policy <file>", "the policy: FILE[@sha256:HEX]")
    .requiredOption("--to <env>", "the target")
    .option("--alias <name>", "of models:/NAME/VERSION: the alias to move to it when all is done")
    .option("--resource <uri>", "what the promotion is for (default: the policy's, or the target)")
    .option("--dsse <file>", "also write the signed statement as a bare envelope")
    .option("--summary <file>", "append the verdict as Markdown, for a job summary")
    .option(
      "--image <ref>",
      "the model as mlsign push stored it: also say so of that image's digest",
    )
    .option("--record-refusal", "also sign that the policy refused the model, for who asks later");
  return addSignerOptions(addPolicySignerOptions(addLookOptions(command)))
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "the same as --format json")
    .addHelpText("after", PROMOTE_HELP)
    .action((model: string, options: PromoteOptions) =>
      action(
        withModel(model, { ...options, writes: true }, host, async (inner) =>
          (await import("../gate/promote.ts")).promoteModel(model, options, inner),
        ),
      ),
    );
}

const APPROVE_HELP = `
The approval is about these very bytes and this target. A policy says who may approve, how many
people must, and whom they must be distinct from.

Example:
  $ mlsign approve model.onnx --to staging --key demo.key
`;
const PROMOTE_HELP = `
Whom to trust is the policy's word. Commit, data, lock files, container and files are looked at
anew; what the policy asks for and nobody could look at is undecided, and exits 3. Only an accepted
model gets a signed verification summary (SLSA VSA) in its claims; at deploy time verify --vsa asks
for no more than that.

A model of MLflow's is named by its version, models:/NAME/3. With --alias the alias moves to it when
the summary is stored; where somebody else moved it meanwhile, it stays. Buckets are only read.

Example:
  $ mlsign promote model.onnx --policy gate.yaml --to staging --key demo.key
`;
