import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addTrustOptions } from "../options/trust-options.ts";
import type { PullFlags } from "../registry/oci-pull.ts";
import type { PushFlags } from "../registry/oci-push.ts";

export function pushCommand(host: Host, action: Action): Command {
  return new Command("push")
    .description("store a signed model in an OCI registry, with its signature and claims")
    .argument("<model>", "the model")
    .argument("<ref>", "where: REGISTRY/REPOSITORY[:TAG]")
    .option("--json", "print one JSON document")
    .addHelpText("after", PUSH_HELP)
    .action((model: string, ref: string, options: PushFlags) =>
      action(
        import("../registry/oci-push.ts").then((it) =>
          it.pushToRegistry(model, ref, options, host),
        ),
      ),
    );
}

export function pullCommand(host: Host, action: Action): Command {
  const command = new Command("pull")
    .description("fetch a model from an OCI registry, once it is verified")
    .argument("<ref>", "REGISTRY/REPOSITORY@sha256:…, as mlsign push printed it")
    .requiredOption("--into <dir>", "a new directory for the model")
    .option("--no-signer-ignores", "refuse files that the signer left out")
    .option("--require-log", "refuse a signature that no transparency log witnessed")
    .option("--require-timestamp", "refuse a signature that no timestamp authority witnessed");
  return addTrustOptions(command)
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", PULL_HELP)
    .action((ref: string, options: PullFlags) =>
      action(
        import("../registry/oci-pull.ts").then((it) => it.pullFromRegistry(ref, options, host)),
      ),
    );
}

const PUSH_HELP = `
Each file is a layer as it is (ModelPack), so that its digest there is the one that is signed. The
signature and each claim refer to the model as cosign's bundles do; the tag is set last. What the
registry has is not sent again, and a broken upload is taken up where it broke. The login is the
one of docker login; it goes to that registry alone. What is printed is the reference by digest,
which is what pull and verify want.

Example:
  $ mlsign push ./model registry.example/models/demo:1.0
`;
const PULL_HELP = `
A tag can move: the model is named by its digest. Before a byte of it is fetched, the signature is
verified over the digests that the registry names; then each byte is, as it comes. The directory is
there once all of it was accepted, and holds the signature and the claims as well.

Example:
  $ mlsign pull registry.example/models/demo@sha256:… --into demo --key demo.pub
`;
