import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { CheckStorageOptions } from "../storage/storage-check.ts";

export function storageCommand(host: Host, action: Action): Command {
  return new Command("storage")
    .description("storage: are the objects behind a model locked until a date")
    .helpCommand(false)
    .addCommand(checkCommand(host, action));
}

function checkCommand(host: Host, action: Action): Command {
  return new Command("check")
    .description("check that every object below a prefix is retained, and not shadowed or hidden")
    .argument("<url>", "s3://BUCKET/PREFIX")
    .option("--retain-until <date>", "must be retained until then (2027-02-20)")
    .option("--min-retention <days>", "the same from now on (365d)")
    .option("--drill", "also try to shorten each retention by a second, which must be refused")
    .option("--endpoint <url>", "the store, where it is not the provider's own")
    .option("--region <name>", "the bucket's region")
    .option("--profile <name>", "the section of the AWS configuration with the credentials")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", HELP)
    .action((url: string, options: CheckStorageOptions) =>
      action(
        import("../storage/storage-check.ts").then((it) => it.storageCheck(url, options, host)),
      ),
    );
}

const HELP = `
What a store says of itself is no proof: --drill asks it to let go a second early. Whoever accepts
is refused, and the date is put back at once. Nothing is deleted.

Examples:
  $ mlsign storage check s3://models/prod --retain-until 2027-02-20
  $ mlsign storage check s3://models/prod --endpoint https://s3.example --drill
`;
