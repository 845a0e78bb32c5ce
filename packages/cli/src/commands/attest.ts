import { relative } from "node:path";
import { EXIT, MlsignError, type JsonValue, parseJson, printable } from "@mlsign/core";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { locateModel } from "../model/model-location.ts";
import { addSignerOptions, resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { collect, readFile } from "../options/trust-options.ts";
import { say, writeJson } from "../terminal/output.ts";

interface Options extends SignerFlags {
  readonly type: string;
  readonly predicate: string;
  readonly ignorePath?: readonly string[];
  readonly allowSymlinks?: boolean;
  readonly archive?: boolean;
  readonly json?: boolean;
}

export function attestCommand(host: Host, action: Action): Command {
  const command = new Command("attest")
    .description("sign a claim about a model: any in-toto predicate")
    .argument("<model>", "the model")
    .requiredOption("--type <uri>", "the predicate's type")
    .requiredOption("--predicate <file>", "the predicate, JSON")
    .option(
      "--ignore-path <path>",
      "leave this out of what the claim is about (repeatable)",
      collect,
    )
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--allow-symlinks", "follow links that stay inside the model")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", HELP)
    .action((model: string, options: Options) => action(attest(model, options, host)));
}

async function attest(model: string, options: Options, host: Host): Promise<number> {
  if (!/^[a-z][a-z0-9+.-]*:\S+$/i.test(options.type)) {
    throw new MlsignError("usage", `Cannot attest: --type ${printable(options.type)} is not a URI`);
  }
  const predicate = readPredicate(options.predicate, host);
  const location = locateModel(model, host.cwd);
  const resolved = await resolveSigner(options, host, "claim");
  const [{ attestClaim, appendClaims, claimSubject }, { claimManifest }, { newClaimsFile }] =
    await Promise.all([
      import("@mlsign/evidence"),
      import("../model/claim-manifest.ts"),
      import("../model/claims-location.ts"),
    ]);
  const { manifest, listing } = await claimManifest(location, options, host);
  const subject = claimSubject(listing.name, manifest);
  const { text, signed } = await attestClaim(
    { predicateType: options.type, predicate },
    { subject, ...resolved },
  );
  const { checkSignature } = await import("../sign/self-check.ts");
  await checkSignature({ text, signed }, resolved, host.clock());
  const file = newClaimsFile(location);
  const written = appendClaims(file, [text]);
  const shown = printable(relative(host.cwd, file));
  say(host, written === 0 ? `${shown} holds this claim already` : `added a claim to ${shown}`);
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:attest:v1",
      model,
      claims: shown,
      added: written,
      predicateType: options.type,
      root: manifest.root,
      dirHash1: manifest.dirHash1 ?? null,
    });
  }
  return EXIT.accepted;
}

function readPredicate(file: string, host: Host): JsonValue {
  try {
    return parseJson(readFile(file, host, MOST_BYTES));
  } catch (cause) {
    if (!(cause instanceof MlsignError) || cause.code !== "json-invalid") throw cause;
    throw new MlsignError("usage", `Cannot use predicate ${printable(file)}: ${cause.message}`, {
      cause,
    });
  }
}

const MOST_BYTES = 64 * 1024 * 1024;
const HELP = `
The claim goes into MODEL/claims.jsonl (a directory) or MODEL.claims.jsonl (a file), one Sigstore
bundle a line. Its subject is the model's root digest, with dirHash1 as an annotation.

Example:
  $ mlsign attest model.onnx --type https://example.com/eval/v1 --predicate eval.json --key demo.key
`;
