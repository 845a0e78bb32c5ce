import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { addTrustOptions, collect } from "../options/trust-options.ts";
import type { StoreAddOptions } from "../store/store-add.ts";
import type { StoreCheckOptions } from "../store/store-check.ts";
import type { StoreCheckpointOptions } from "../store/store-checkpoint.ts";
import { storeExportCommand } from "./store-export.ts";

export function storeCommand(host: Host, action: Action): Command {
  const add = new Command("add")
    .description("verify claims, and keep them for good")
    .argument("<path...>", "bundles, claims files, or folders of them")
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .option("--policy <file>", "trust the keys and identities of this policy")
    .option("--unverified", "store without verifying, as unverified");
  addTrustOptions(add)
    .option("--json", "print one JSON document")
    .addHelpText("after", ADD_HELP)
    .action((paths: string[], options: StoreAddOptions) =>
      action(import("../store/store-add.ts").then((it) => it.addToStore(paths, options, host))),
    );
  const verify = new Command("verify")
    .description("check the journal's chain, every bundle, and the index")
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .option(
      "--checkpoint <file>",
      "also against this checkpoint, by whom you trust (repeatable)",
      collect,
    );
  addTrustOptions(verify)
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", VERIFY_HELP)
    .action((options: StoreCheckOptions) =>
      action(import("../store/store-check.ts").then((it) => it.verifyStore(options, host))),
    );
  const reindex = new Command("reindex")
    .description("make the index anew from the journal and the bundles")
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .addHelpText("after", REINDEX_HELP)
    .action((options: StoreCheckOptions) =>
      action(import("../store/store-check.ts").then((it) => it.reindexStore(options, host))),
    );
  const checkpoint = new Command("checkpoint")
    .description("sign how the journal stands now, for who compares later")
    .requiredOption("-o, --output <file>", "where the checkpoint goes; never overwritten")
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .option("--config <file>", "options as YAML (flags win)");
  addSignerOptions(checkpoint)
    .addHelpText("after", CHECKPOINT_HELP)
    .action((options: StoreCheckpointOptions) =>
      action(
        import("../store/store-checkpoint.ts").then((it) => it.checkpointStore(options, host)),
      ),
    );
  return new Command("store")
    .description("claims of many models, kept for who asks later")
    .helpCommand(false)
    .addCommand(add)
    .addCommand(verify)
    .addCommand(reindex)
    .addCommand(checkpoint)
    .addCommand(storeExportCommand(host, action));
}

const ADD_HELP = `
What cannot be verified is kept as unverified. The same bundle again changes nothing.

Example:
  $ mlsign store add model.onnx.claims.jsonl --store store --key demo.pub
`;
const VERIFY_HELP = `
Nothing is repaired. A line that was changed, removed or inserted is told with its place.

Example:
  $ mlsign store verify --store store
`;
const REINDEX_HELP = `
A missing or damaged index is made anew by itself; this is for when you would rather not wait.

Example:
  $ mlsign store reindex --store store
`;
const CHECKPOINT_HELP = `
Keep it elsewhere than the store: whoever can write to a store can write all of it anew, and only a
checkpoint that they could not reach tells. A log or a timestamp says when it was (--trust-config).

Example:
  $ mlsign store checkpoint --store store -o journal.checkpoint --key demo.key
`;
