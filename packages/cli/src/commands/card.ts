import { Command, Option } from "commander";
import type { Action } from "../action.ts";
import type { AttestCardOptions } from "../card/card-attest.ts";
import type { ConvertCardOptions } from "../card/card-convert.ts";
import type { LintCardOptions } from "../card/card-lint.ts";
import type { VerifyCardOptions } from "../card/card-verify.ts";
import type { Host } from "../host.ts";
import { addModelOptions } from "../options/model-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions, collect } from "../options/trust-options.ts";

export function cardCommand(host: Host, action: Action): Command {
  return new Command("card")
    .description("model cards: check them, convert them, sign and verify them")
    .helpCommand(false)
    .addCommand(lintCommand(host, action))
    .addCommand(convertCommand(host, action))
    .addCommand(attestCommand(host, action))
    .addCommand(verifyCommand(host, action));
}

function lintCommand(host: Host, action: Action): Command {
  const command = new Command("lint")
    .description("check a Hugging Face model card by the rules MC001 to MC051")
    .argument("<card>", "the card, Markdown with front matter")
    .option("--model <model>", "compare with this model's files and root")
    .option("--sbom <file>", "compare with this bill of materials (CycloneDX)");
  return addPolicyOptions(command)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", LINT_HELP)
    .action((card: string, options: LintCardOptions) =>
      action(import("../card/card-lint.ts").then((it) => it.lintCardFile(card, options, host))),
    );
}

function convertCommand(host: Host, action: Action): Command {
  const formats = ["huggingface", "toolkit", "cyclonedx"];
  return new Command("convert")
    .description("write a card in another format, and say what has no place there")
    .argument("<card>", "the card, or a bill of materials that holds one")
    .addOption(
      new Option("--to <format>", "the format to write").choices(formats).makeOptionMandatory(),
    )
    .addOption(
      new Option("--from <format>", "the card's format (default: told by its content)").choices(
        formats,
      ),
    )
    .option("-o, --output <file>", "write it there (default: to stdout)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", CONVERT_HELP)
    .action((card: string, options: ConvertCardOptions) =>
      action(
        import("../card/card-convert.ts").then((it) => it.convertCardFile(card, options, host)),
      ),
    );
}

function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("check a card against its model, and sign that they belong together")
    .argument("<model>", "the model")
    .requiredOption("--card <file>", "its card")
    .option("--sbom <file>", "compare with this bill of materials (default: that of the claims)")
    .option("--url <url>", "where others can have the card");
  addPolicyOptions(addModelOptions(command))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", ATTEST_HELP)
    .action((model: string, options: AttestCardOptions) =>
      action(import("../card/card-attest.ts").then((it) => it.attestCard(model, options, host))),
    );
}

function verifyCommand(host: Host, action: Action): Command {
  const command = new Command("verify")
    .description("verify that a trusted signer signed this card for a model")
    .argument("<card>", "the card")
    .option("--model <model>", "the model that it must be of")
    .option("--root <digest>", "its root, where you do not hold the model")
    .option("--claims <file>", "the model's claims (repeatable; default: beside it)", collect);
  return addTrustOptions(addModelOptions(command))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((card: string, options: VerifyCardOptions) =>
      action(import("../card/card-verify.ts").then((it) => it.verifyCard(card, options, host))),
    );
}

function addPolicyOptions(command: Command): Command {
  return command
    .option("--policy <file>", "rules, max-epsilon and max-fairness-age-days (YAML)")
    .option("--rule <rule=level>", "error, warning, note or off for a rule (repeatable)", collect);
}

const LINT_HELP = `
Nothing in a card is evaluated. Relative links are looked for beside the card, and in the model
where --model names one. A policy file sets which rules refuse:
  rules: { MC034: error, MC043: off }
  max-epsilon: 8
  max-fairness-age-days: 365

Examples:
  $ mlsign card lint README.md
  $ mlsign card lint README.md --rule MC034=error --format sarif
`;
const CONVERT_HELP = `
Formats: huggingface (Markdown), toolkit (Model Card Toolkit's JSON), cyclonedx (a modelCard). What
has no place in the other format is named on stderr, and in --json as "lost".

Examples:
  $ mlsign card convert README.md --to cyclonedx
  $ mlsign card convert README.md --to toolkit -o card.json
`;
const ATTEST_HELP = `
The card is held to the rules of mlsign card lint, and to the model's bytes and bill of materials.
What is refused is not signed. The claim goes beside the model, into its claims.jsonl.

Example:
  $ mlsign card attest model.onnx --card README.md --key demo.key
`;
const VERIFY_HELP = `
Who holds the card and the claims, but not the weights, names the model by --root.

Examples:
  $ mlsign card verify README.md --model model.onnx --key demo.pub
  $ mlsign card verify README.md --root DIGEST --claims model.onnx.claims.jsonl --key demo.pub
`;
