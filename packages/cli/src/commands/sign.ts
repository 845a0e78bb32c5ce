import { MlsignError, printable } from "@mlsign/core";
import { Command, Option } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { withModel } from "../model/with-model.ts";
import { addEvidenceOptions } from "../options/evidence-options.ts";
import { addSignerOptions } from "../options/signer-options.ts";
import { collect } from "../options/trust-options.ts";
import type { SignOptions } from "../sign/sign-model.ts";

export function signCommand(host: Host, action: Action): Command {
  const command = new Command("sign")
    .description("sign a model: a file, or a directory of files")
    .argument("<model>", "the model")
    .option("--signature <file>", "where the signature goes (default: MODEL/model.sig, MODEL.sig)")
    .option(
      "--ignore-path <path>",
      "leave this out, and say so in the signature (repeatable)",
      collect,
    )
    .addOption(
      new Option("--hash <algorithm>", "digest of the files")
        .choices(["sha256", "blake2b", "blake3"])
        .default("sha256"),
    )
    .option(
      "--shard-size <bytes>",
      "hash files in shards of this size, in parallel",
      parseShardSize,
    )
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--allow-symlinks", "follow links that stay inside the model")
    .option("--allow-unsafe <reason>", "sign what does harm when it is loaded, and record why");
  addEvidenceOptions(command)
    .option("--config <file>", "options as YAML (flags win; default: the repository's mlsign.yaml)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", HELP)
    .action((model: string, options: SignOptions) =>
      action(
        withModel(model, { ...options, writes: true }, host, async (inner) =>
          (await import("../sign/sign-model.ts")).signModel(model, options, inner),
        ),
      ),
    );
}

function parseShardSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(size) && size >= LEAST_SHARD) return size;
  throw new MlsignError(
    "usage",
    `Cannot use --shard-size ${printable(text)}: not a count of at least ${LEAST_SHARD} bytes`,
  );
}

const LEAST_SHARD = 1024;
const HELP = `
The signature is an OpenSSF Model Signing bundle. Without --key it is keyless: an identity from
--identity-token, from the CI (GitHub Actions, GitLab, Buildkite, Google Cloud), or from a login.
A passphrase comes from MLSIGN_PASSPHRASE, or is asked for on a terminal.

Evidence (--card, --sbom, --deps, --lineage) is checked first: what is refused is reported, and
nothing is signed. The claims go into MODEL/claims.jsonl or MODEL.claims.jsonl, by the same signer.
What there is no claim for is named. mlsign init proposes a mlsign.yaml that says it for every run.

The model is scanned first (mlsign scan): one that does harm when it is loaded is not signed, unless
--allow-unsafe says why; the reason goes into a claim.

A model of MLflow's is named by its version, models:/NAME/3 (--mlflow-uri): it is fetched, signed,
and its evidence put back beside it. Commit, data and container go into the run that trained it; a
run that logged something else refuses.

Examples:
  $ mlsign sign model.onnx --key demo.key
  $ mlsign sign ./model --key demo.key --ignore-path notes.txt
  $ mlsign sign model.onnx --key demo.key --sbom auto --deps requirements.txt
`;
