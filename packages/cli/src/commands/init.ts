import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import type { InitOptions } from "../init/init-settings.ts";

export function initCommand(host: Host, action: Action): Command {
  return new Command("init")
    .description("look at a repository, and propose its mlsign.yaml")
    .option("--print", "print it, and write nothing")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((options: InitOptions) =>
      action(import("../init/init-settings.ts").then((it) => it.initSettings(options, host))),
    );
}

const HELP = `
The file says which evidence mlsign sign leaves beside a model: its card, its bill of materials, its
dependencies and its lineage. Read it before you commit it. An existing file is never overwritten.

Example:
  $ mlsign init --print
`;
