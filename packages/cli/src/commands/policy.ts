import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { LintPolicyOptions } from "../policy/policy-lint.ts";

export function policyCommand(host: Host, action: Action): Command {
  const lint = new Command("lint")
    .description("check the form of a promotion policy, and that it leaves no known gap")
    .argument("<file>", "the policy (YAML)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", HELP)
    .action((file: string, options: LintPolicyOptions) =>
      action(
        import("../policy/policy-lint.ts").then((it) => it.lintPolicyFile(file, options, host)),
      ),
    );
  return new Command("policy")
    .description("promotion policies: what a model must have before it goes to production")
    .helpCommand(false)
    .addCommand(lint);
}

const HELP = `
Evidence without a signer is an error, and so is production without an approval by somebody other
than the trainer. Nothing decides by a policy yet: promotion is still to come.

Example:
  $ mlsign policy lint policy.yaml
`;
