import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions, collect } from "../options/trust-options.ts";
import type { AttestStorageOptions } from "../storage/storage-attest.ts";
import type { CheckStorageOptions } from "../storage/storage-check.ts";
import type { PinStorageOptions } from "../storage/storage-pin.ts";

export function storageCommand(host: Host, action: Action): Command {
  return new Command("storage")
    .description("storage: are the objects behind a model locked until a date")
    .helpCommand(false)
    .addCommand(checkCommand(host, action))
    .addCommand(pinCommand(host, action))
    .addCommand(attestCommand(host, action));
}

function checkCommand(host: Host, action: Action): Command {
  const command = new Command("check")
    .description("check that objects are retained, and not shadowed, hidden or changed")
    .argument("[url]", "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX")
    .option("--model <path>", "the model's files below the URL; without one, what its claims pin")
    .option("--dvc <file>", "what a .dvc file or dvc.lock names (repeatable)", collect)
    .option("--remote <name>", "DVC's remote, where it is not the default one");
  return addTrustOptions(addCheckOptions(command))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", CHECK_HELP)
    .action((url: string | undefined, options: CheckStorageOptions) =>
      action(
        import("../storage/storage-check.ts").then((it) => it.storageCheck(url, options, host)),
      ),
    );
}

function pinCommand(host: Host, action: Action): Command {
  const command = new Command("pin")
    .description("sign which version of which object holds each file of a model")
    .argument("<model>", "the model, as it lies here")
    .argument("<url>", "where it is stored: s3://BUCKET/PREFIX or gs://BUCKET/PREFIX");
  return addSignerOptions(addModelOptions(addStoreOptions(command)))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", PIN_HELP)
    .action((model: string, url: string, options: PinStorageOptions) =>
      action(
        import("../storage/storage-pin.ts").then((it) => it.pinStorage(model, url, options, host)),
      ),
    );
}

function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("check where a model is stored, and sign the outcome as a claim beside it")
    .argument("<model>", "the model, as it lies here")
    .argument("<url>", "where it is stored: s3://BUCKET/PREFIX or gs://BUCKET/PREFIX");
  return addSignerOptions(addModelOptions(addCheckOptions(command)))
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", ATTEST_HELP)
    .action((model: string, url: string, options: AttestStorageOptions) =>
      action(
        import("../storage/storage-attest.ts").then((it) =>
          it.attestStorage(model, url, options, host),
        ),
      ),
    );
}

function addStoreOptions(command: Command): Command {
  return command
    .option("--endpoint <url>", "the store, where it is not the provider's own")
    .option("--region <name>", "the bucket's region")
    .option(
      "--profile <name>",
      "the credentials: a section of the AWS configuration, or a file of Google's",
    );
}

function addCheckOptions(command: Command): Command {
  return addStoreOptions(command)
    .option("--retain-until <date>", "must be retained until then (2027-02-20)")
    .option("--min-retention <days>", "the same from now on (365d)")
    .option("--expected-bucket-owner <account>", "whose bucket it must be (S3)")
    .option("--drill [kinds]", "try what must be refused: shorten (default), canary, or both")
    .option("--drill-profile <name>", "the pipeline's credentials, which the drill tries it with")
    .option("--evidence <file>", "write what was seen of each object, a line of JSON each");
}

function addModelOptions(command: Command): Command {
  return command
    .option(
      "--ignore-path <path>",
      "leave this out of what the claim is about (repeatable)",
      collect,
    )
    .option("--allow-symlinks", "follow links that stay inside the model");
}

const CHECK_HELP = `
What a store says of itself is no proof: --drill asks it to let go a second early. Whoever accepts
is refused, and the date is put back at once; what a killed drill leaves, the next one mends. The
canary is one small object below the prefix (.mlsign/canary), on which deleting is tried. Nothing
else is ever deleted. MLflow's runs:/RUN/PATH is looked up at MLFLOW_TRACKING_URI.

Examples:
  $ mlsign storage check s3://models/prod --retain-until 2027-02-20
  $ mlsign storage check gs://models/prod --min-retention 365d
  $ mlsign storage check s3://models/prod --endpoint https://s3.example --drill shorten,canary
  $ mlsign storage check --model model.onnx --key demo.pub
  $ mlsign storage check --dvc data.csv.dvc
`;
const PIN_HELP = `
A key can be given other bytes at any time; a version cannot. Each object is compared with the file
that lies here, as far as the store's own digests go, and nothing is signed where one differs.

Example:
  $ mlsign storage pin model.onnx s3://models/prod/model.onnx --key demo.key
`;
const ATTEST_HELP = `
The claim (an in-toto test result) names the date, the drills and the digest of the evidence of
each object. A check that refuses, or is not decided, is not signed.

Example:
  $ mlsign storage attest model.onnx s3://models/prod/model.onnx --min-retention 90d --key demo.key
`;
