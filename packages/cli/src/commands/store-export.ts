import { Command } from "commander";
import type { Action } from "../action.ts";
import type { ExportEvidenceOptions } from "../gate/export-evidence.ts";
import type { Host } from "../host.ts";
import { withModel } from "../model/with-model.ts";
import { addLookOptions } from "../options/look-options.ts";
import { addPolicySignerOptions } from "../options/policy-options.ts";

export function storeExportCommand(host: Host, action: Action): Command {
  const command = new Command("export")
    .description("write all the evidence of a model as one archive, without its bytes")
    .requiredOption("--evidence <model>", "the model")
    .requiredOption("--policy <file>", "the policy that it is judged by: FILE[@sha256:HEX]")
    .requiredOption("--to <env>", "the target")
    .requiredOption("-o, --output <file>", "where the archive goes; never overwritten");
  return addPolicySignerOptions(addLookOptions(command))
    .option("--trusted-root <file>", "a trusted_root.json, for private instances or offline use")
    .option("--trust-config <file>", "a ClientTrustConfig, instead of --trusted-root")
    .option("--signature <file>", "the signature (default: MODEL/model.sig, MODEL.sig)")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((options: ExportEvidenceOptions & { readonly evidence: string }) =>
      action(
        withModel(options.evidence, options, host, async (inner) =>
          (await import("../gate/export-evidence.ts")).exportEvidence(
            options.evidence,
            options,
            inner,
          ),
        ),
      ),
    );
}

const HELP = `
The archive holds bundles, digests, the policy and what was seen of the world: an auditor repeats
the verdict with verify --evidence, offline, with roots and a policy of their own, and is told which
bytes that did not see.

Example:
  $ mlsign store export --evidence model.onnx --policy gate.yaml --to staging -o audit.tar
`;
