import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { LogOptions } from "../lineage/lineage-log.ts";
import type { RecordOptions } from "../lineage/lineage-record.ts";
import type { VerifyLineageOptions } from "../lineage/lineage-verify.ts";
import { addCommitTrustOptions } from "../options/commit-trust-options.ts";
import { addRemoteOptions } from "../options/remote-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions, collect } from "../options/trust-options.ts";

export function lineageCommand(host: Host, action: Action): Command {
  const record = new Command("record")
    .description("sign where a model came from: commit, data and container")
    .argument("<model>", "the model")
    .option("--data <file>", "a .dvc file or dvc.lock of the repository (repeatable)", collect)
    .option("--container <ref>", "the image that it was trained in, with its digest")
    .option("--deps <file>", "a lock file of the commit (repeatable)", collect)
    .option(
      "--base-model <name>",
      "what it was tuned from: NAME[@REVISION][#sha256:ROOT][=PATH] (repeatable)",
      collect,
    )
    .option("--mlflow-run <id>", "the run that trained it, on the server of MLFLOW_TRACKING_URI")
    .option("--mlflow-uri <url>", "that server")
    .option("--offline", "do not ask the registry for the container")
    .option(
      "--ignore-path <path>",
      "leave this out of what the claim is about (repeatable)",
      collect,
    )
    .option("--allow-symlinks", "follow links that stay inside the model")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  addSignerOptions(addCommitTrustOptions(addRemoteOptions(record)))
    .addHelpText("after", RECORD_HELP)
    .action((model: string, options: RecordOptions) =>
      action(
        import("../lineage/lineage-record.ts").then((it) => it.recordLineage(model, options, host)),
      ),
    );
  const verify = new Command("verify")
    .description("check a model's lineage claim against the repository, the data and the registry")
    .argument("<model>", "the model");
  addCommitTrustOptions(addTrustOptions(addRemoteOptions(verify)))
    .option("--base-model <name>", "a base model that is here: NAME=PATH (repeatable)", collect)
    .option("--offline", "do not ask the registry for the container")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((model: string, options: VerifyLineageOptions) =>
      action(
        import("../lineage/lineage-verify.ts").then((it) => it.verifyLineage(model, options, host)),
      ),
    );
  const log = new Command("log")
    .description("who committed which version of the data, when")
    .argument("[path...]", ".dvc files and dvc.lock files; all of them by default");
  addCommitTrustOptions(log)
    .option(
      "--audit-log <file>",
      "a forge's or bucket's audit log: who pushed, who uploaded (repeatable)",
      collect,
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", LOG_HELP)
    .action((paths: string[], options: LogOptions) =>
      action(import("../lineage/lineage-log.ts").then((it) => it.logLineage(paths, options, host))),
    );
  return new Command("lineage")
    .description("where a model came from: record it, verify it, and who changed its data")
    .helpCommand(false)
    .addCommand(record)
    .addCommand(verify)
    .addCommand(log);
}

const RECORD_HELP = `
What is missing (a dirty work tree, bytes that are not here, a tag without digest) is recorded and
said; verifying is what refuses. --remote asks the bucket behind DVC's remote for the version of
each object that holds the data, and records it: later, those very bytes can be asked for.

Example:
  $ mlsign lineage record model.onnx --data data.csv.dvc --container IMAGE@DIGEST --key demo.key
`;
const VERIFY_HELP = `
Run it in a repository that has the commit, with the data in place. Commit, .dvc files, lock files,
bytes, container and base models are looked at anew; what could not be is unknown, and exits 3.
Objects of a remote that the lineage pins are looked at where --remote names it.

Example:
  $ mlsign lineage verify model.onnx --key demo.pub
`;
const LOG_HELP = `
git shows who committed the pointer to the data, not who pushed the bytes; names and dates are what
the committer wrote. A signature, where it is good, is the only part that proves who it was.
--audit-log joins what the forge and the bucket logged: who pushed the commit, who wrote the object,
and what does not fit. It is their word, and a log that is silent proves nothing.

Examples:
  $ mlsign lineage log
  $ mlsign lineage log data.csv.dvc --json
`;
