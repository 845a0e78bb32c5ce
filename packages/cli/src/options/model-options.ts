import type { Command } from "commander";
import { collect } from "./trust-options.ts";

/** Which files are the model that a command looks at. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--ignore-path <path>", "leave this out of the model (repeatable)", collect)
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--allow-symlinks", "follow links that stay inside the model");
}
