import { Argument, Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { InitPolicyOptions } from "../init/init-policy.ts";

export function initCommand(host: Host, action: Action): Command {
  return new Command("init")
    .description("look at a repository, and propose its mlsign.yaml, or a promotion policy")
    .addArgument(new Argument("[what]", "settings or policy").choices(["settings", "policy"]))
    .option("--model <model>", "policy: a signed model, whose signer is the trainer")
    .option("--key <pub>", "policy: the public key that models are signed with")
    .option("--to <env>", "policy: the target (default: prod)")
    .option("--print", "print it, and write nothing")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((what: string | undefined, options: InitPolicyOptions) =>
      action(
        what === "policy"
          ? import("../init/init-policy.ts").then((it) => it.initPolicy(options, host))
          : import("../init/init-settings.ts").then((it) => it.initSettings(options, host)),
      ),
    );
}

const HELP = `
mlsign.yaml says which evidence mlsign sign leaves beside a model: its card, its bill of materials,
its dependencies and its lineage. A policy says what a model must have before it goes to a target.
Read what was written before you commit it. An existing file is never overwritten.

Examples:
  $ mlsign init --print
  $ mlsign init policy --key demo.pub --to staging --print
`;
