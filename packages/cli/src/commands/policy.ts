import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions } from "../options/trust-options.ts";
import type { ExplainPolicyOptions } from "../policy/policy-explain.ts";
import type { LintPolicyOptions } from "../policy/policy-lint.ts";
import type { SignPolicyOptions } from "../policy/policy-sign.ts";
import type { TestPolicyOptions } from "../policy/policy-test.ts";
import type { VerifyPolicyFileOptions } from "../policy/policy-verify.ts";

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
  const explain = new Command("explain")
    .description("say what a promotion policy asks for, rule by rule")
    .argument("<file>", "the policy (YAML)")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXPLAIN_HELP)
    .action((file: string, options: ExplainPolicyOptions) =>
      action(
        import("../policy/policy-explain.ts").then((it) =>
          it.explainPolicyFile(file, options, host),
        ),
      ),
    );
  const test = new Command("test")
    .description("run a table of models through a promotion policy, each with its expected verdict")
    .argument("<file>", "the policy (YAML)")
    .requiredOption("--cases <file>", "the table: facts, and cases that differ from them (YAML)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", TEST_HELP)
    .action((file: string, options: TestPolicyOptions) =>
      action(
        import("../policy/policy-test.ts").then((it) => it.testPolicyFile(file, options, host)),
      ),
    );
  const sign = new Command("sign")
    .description("sign a promotion policy that has no known gap")
    .argument("<file>", "the policy (YAML)")
    .option("--signature <file>", "where the signature goes (default: FILE.sig)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  addSignerOptions(sign)
    .addHelpText("after", SIGN_HELP)
    .action((file: string, options: SignPolicyOptions) =>
      action(
        import("../policy/policy-sign.ts").then((it) => it.signPolicyFile(file, options, host)),
      ),
    );
  const verify = new Command("verify")
    .description("verify that a promotion policy is sound, and signed by whom you trust")
    .argument("<file>", "the policy (YAML)")
    .option("--signature <file>", "the signature (default: FILE.sig)");
  addTrustOptions(verify)
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((file: string, options: VerifyPolicyFileOptions) =>
      action(
        import("../policy/policy-verify.ts").then((it) => it.verifyPolicyFile(file, options, host)),
      ),
    );
  return new Command("policy")
    .description("promotion policies: what a model must have before it goes to production")
    .helpCommand(false)
    .addCommand(lint)
    .addCommand(explain)
    .addCommand(test)
    .addCommand(sign)
    .addCommand(verify);
}

const HELP = `
Evidence without a signer is an error, and so is production without an approval by somebody other
than the trainer. Each finding has its line and column.

Example:
  $ mlsign policy lint policy.yaml
`;
const EXPLAIN_HELP = `
The names in the first column are those that exceptions, test cases and findings use.

Example:
  $ mlsign policy explain policy.yaml
`;
const TEST_HELP = `
A case is the table's facts with a change (a JSON merge patch), without some evidence or with more;
it expects accepted, refused or undecided, and may name the rules that lead to it. The policy is
judged as if it enforced. Nothing is looked up, and the time is the table's.

Example:
  $ mlsign policy test policy.yaml --cases cases.yaml
`;
const SIGN_HELP = `
The signature is a model signature (OpenSSF Model Signing) over one file, beside the policy. A gate
takes a policy only from whom it names: verify and promote --policy FILE --policy-key or
--policy-identity with --policy-oidc-issuer.

Example:
  $ mlsign policy sign policy.yaml --key demo.key
`;
const VERIFY_HELP = `
Example:
  $ mlsign policy verify gate.yaml --key demo.pub
`;
