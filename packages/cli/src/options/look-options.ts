import type { Command } from "commander";
import { addCommitTrustOptions } from "./commit-trust-options.ts";
import { addRemoteOptions } from "./remote-options.ts";
import { collect } from "./trust-options.ts";

/** Where what the evidence speaks of is looked at. */
export function addLookOptions(command: Command): Command {
  return addRemoteOptions(addCommitTrustOptions(command))
    .option("--base-model <name>", "a base model that is here: NAME=PATH (repeatable)", collect)
    .option("--reference <ref>", "how a deployment names the model or image (repeatable)", collect)
    .option("--storage <url>", "where the model is stored, to be looked at (repeatable)", collect)
    .option("--storage-endpoint <url>", "its server, where it is not the provider's own")
    .option("--storage-region <name>", "its region")
    .option("--mlflow-uri <url>", "the server of models:/… (default: MLFLOW_TRACKING_URI)")
    .option("--github-run <run>", "the run whose reviews count: OWNER/NAME/ID (default: this one)")
    .option("--github-api <url>", "its server, where it is not GitHub's own")
    .option("--offline", "do not ask the registry for the container");
}
