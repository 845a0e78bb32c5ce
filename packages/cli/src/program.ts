import { Command } from "commander";
import type { Action } from "./action.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { Host } from "./host.ts";
import { VERSION } from "./version.ts";

interface Entry {
  readonly name: string;
  load(host: Host, action: Action): Promise<Command>;
}

/** Every command, one module each, loaded when it is asked for. */
export const COMMANDS: readonly Entry[] = [
  {
    name: "init",
    load: async (host, action) => (await import("./commands/init.ts")).initCommand(host, action),
  },
  {
    name: "keygen",
    load: async (host, action) =>
      (await import("./commands/keygen.ts")).keygenCommand(host, action),
  },
  {
    name: "sign",
    load: async (host, action) => (await import("./commands/sign.ts")).signCommand(host, action),
  },
  {
    name: "verify",
    // The one command that is loaded with the program: CD runs it for every model.
    load: async (host, action) => verifyCommand(host, action),
  },
  {
    name: "attest",
    load: async (host, action) =>
      (await import("./commands/attest.ts")).attestCommand(host, action),
  },
  {
    name: "digest",
    load: async (host, action) =>
      (await import("./commands/digest.ts")).digestCommand(host, action),
  },
  {
    name: "inspect",
    load: async (host, action) =>
      (await import("./commands/inspect.ts")).inspectCommand(host, action),
  },
  {
    name: "lineage",
    load: async (host, action) =>
      (await import("./commands/lineage.ts")).lineageCommand(host, action),
  },
  {
    name: "card",
    load: async (host, action) => (await import("./commands/card.ts")).cardCommand(host, action),
  },
  {
    name: "sbom",
    load: async (host, action) => (await import("./commands/sbom.ts")).sbomCommand(host, action),
  },
  {
    name: "deps",
    load: async (host, action) => (await import("./commands/deps.ts")).depsCommand(host, action),
  },
  {
    name: "scan",
    load: async (host, action) => (await import("./commands/scan.ts")).scanCommand(host, action),
  },
  {
    name: "approve",
    load: async (host, action) => (await import("./commands/gate.ts")).approveCommand(host, action),
  },
  {
    name: "promote",
    load: async (host, action) => (await import("./commands/gate.ts")).promoteCommand(host, action),
  },
  {
    name: "push",
    load: async (host, action) =>
      (await import("./commands/registry.ts")).pushCommand(host, action),
  },
  {
    name: "pull",
    load: async (host, action) =>
      (await import("./commands/registry.ts")).pullCommand(host, action),
  },
  {
    name: "store",
    load: async (host, action) => (await import("./commands/store.ts")).storeCommand(host, action),
  },
  {
    name: "trace",
    load: async (host, action) => (await import("./commands/trace.ts")).traceCommand(host, action),
  },
  {
    name: "policy",
    load: async (host, action) =>
      (await import("./commands/policy.ts")).policyCommand(host, action),
  },
  {
    name: "commits",
    load: async (host, action) =>
      (await import("./commands/commits.ts")).commitsCommand(host, action),
  },
  {
    name: "storage",
    load: async (host, action) =>
      (await import("./commands/storage.ts")).storageCommand(host, action),
  },
];

export function program(_host: Host): Command {
  return (
    new Command("mlsign")
      .description("signs machine-learning models, and refuses the ones that nobody trusted signed")
      .version(VERSION, "--version", "print the version")
      .helpOption("-h, --help", "print this help")
      .helpCommand(false)
      // A command that has commands below it leaves their options to them.
      .enablePositionalOptions()
      .addHelpText("after", AFTER)
  );
}

const AFTER = `
Exit codes:
  0  accepted, done
  1  refused: unsigned, changed, or signed by somebody else
  2  usage: a flag, key or file of the caller is wrong, or nobody was named to trust
  3  could not check: network, service, permission
  70 a defect in mlsign

Example:
  $ mlsign keygen --out demo
  $ mlsign sign model.onnx --key demo.key
  $ mlsign verify model.onnx --key demo.pub
`;
