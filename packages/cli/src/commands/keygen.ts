import { resolve } from "node:path";
import { EXIT, MlsignError } from "@mlsign/core";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { writeJson } from "../terminal/output.ts";
import { newPassphrase } from "../terminal/passphrase.ts";

interface Options {
  readonly out: string;
  readonly json?: boolean;
}

export function keygenCommand(host: Host, action: Action): Command {
  return new Command("keygen")
    .description("make a P-256 key pair: NAME.key to sign (mode 0600), NAME.pub to verify")
    .option("--out <name>", "where to write, without extension", "mlsign")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((options: Options) => action(keygen(options, host)));
}

async function keygen(options: Options, host: Host): Promise<number> {
  const [{ generateKeyPair }, { writeNewFile }, { existsSync }] = await Promise.all([
    import("@mlsign/sign"),
    import("@mlsign/files"),
    import("node:fs"),
  ]);
  const [privatePath, publicPath] = [`${options.out}.key`, `${options.out}.pub`];
  for (const path of [privatePath, publicPath]) {
    if (existsSync(resolve(host.cwd, path))) {
      throw new MlsignError("output-exists", `Cannot write ${path}: it exists`, {
        hint: "keys are never overwritten: choose another --out",
      });
    }
  }
  const passphrase = await newPassphrase(host);
  const pair = generateKeyPair(passphrase);
  writeNewFile(resolve(host.cwd, privatePath), pair.privateKey, 0o600);
  writeNewFile(resolve(host.cwd, publicPath), pair.publicKey, 0o644);
  host.err(
    `mlsign: wrote ${privatePath} (${passphrase ? "encrypted" : "not encrypted"}: keep it secret) and ${publicPath}\n`,
  );
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:keygen:v1",
      privateKey: privatePath,
      publicKey: publicPath,
      encrypted: passphrase !== undefined,
    });
  }
  return EXIT.accepted;
}

const HELP = `
The private key is encrypted when MLSIGN_PASSPHRASE is set, or when a passphrase is typed
on a terminal. Existing files are never overwritten.

Example:
  $ mlsign keygen --out release
`;
