import { EXIT, exitOf, MlsignError, messageOf, printable } from "@mlsign/core";
import { type Command, CommanderError } from "commander";
import type { Host } from "./host.ts";
import { applySettings } from "./options/settings.ts";
import { COMMANDS, program } from "./program.ts";

/**
 * Runs one command line and returns its exit code. Only the command that is asked for is loaded.
 * An error is one line on stderr, with its hint; with `--json` also a document on stdout.
 */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  let exit: number = EXIT.accepted;
  try {
    const root = program(host);
    const name = argv.find((word) => !word.startsWith("-")) ?? "";
    const wanted = COMMANDS.filter((command) => command.name === name);
    for (const command of wanted.length > 0 ? wanted : COMMANDS) {
      const action = async (outcome: Promise<number>): Promise<void> => {
        exit = await outcome;
      };
      root.addCommand(await command.load(host, action));
    }
    root.hook("preAction", (_program, command) => applySettings(command, host));
    await strict(root, host).parseAsync([...argv], { from: "user" });
  } catch (error) {
    exit = report(error, argv, host);
  }
  return exit;
}

/** Commander neither ends the process nor writes to it, in any command. */
function strict(command: Command, host: Host): Command {
  command.exitOverride();
  command.showHelpAfterError(false);
  command.configureOutput({
    writeOut: (text) => host.out(text),
    writeErr: () => {},
    getOutHelpWidth: () => 100,
  });
  for (const below of command.commands) strict(below, host);
  return command;
}

function report(error: unknown, argv: readonly string[], host: Host): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.accepted;
  const shown = shownError(error);
  host.err(`mlsign: ${shown.message.replace(/^Cannot /, "cannot ")}\n`);
  if (shown.hint !== undefined) host.err(`hint: ${printable(shown.hint)}\n`);
  if (!(error instanceof MlsignError || error instanceof CommanderError)) {
    host.err(`mlsign: this is a defect in mlsign, please report it\n${stackOf(error)}\n`);
  }
  if (argv.includes("--json")) {
    host.out(`${JSON.stringify({ schema: "urn:mlsign:error:v1", error: shown }, null, 2)}\n`);
  }
  return error instanceof CommanderError ? EXIT.usage : exitOf(error);
}

function shownError(error: unknown): { code: string; message: string; hint?: string } {
  if (error instanceof CommanderError) {
    if (error.code === "commander.help") {
      return { code: "usage", message: "no command was named", hint: "see it with --help" };
    }
    const message = printable(error.message.replace(/^error: /, "").split("\n")[0] ?? "");
    return { code: "usage", message, hint: "see mlsign --help" };
  }
  const code = error instanceof MlsignError ? error.code : "defect";
  const hint = error instanceof MlsignError ? error.hint : undefined;
  return { code, message: printable(messageOf(error)), ...(hint !== undefined && { hint }) };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? "") : "";
}
