import { relative } from "node:path";
import { EXIT, formatBytes, MlsignError, printable } from "@mlsign/core";
import { Command, Option } from "commander";
import type { Host } from "../host.ts";
import { ignoredName, locateModel, type ModelLocation } from "../model-location.ts";
import { say, writeJson } from "../output.ts";
import type { Action } from "../program.ts";
import { progressLine } from "../progress-line.ts";
import { addSignerOptions, resolveSigner, type SignerFlags } from "../signer-options.ts";
import { collect } from "../trust-options.ts";

interface Options extends SignerFlags {
  readonly signature?: string;
  readonly ignorePath?: readonly string[];
  readonly hash: "sha256" | "blake2b" | "blake3";
  readonly shardSize?: number;
  readonly archive?: boolean;
  readonly allowSymlinks?: boolean;
  readonly json?: boolean;
}

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
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document");
  return addSignerOptions(command)
    .addHelpText("after", HELP)
    .action((model: string, options: Options) => action(sign(model, options, host)));
}

async function sign(model: string, options: Options, host: Host): Promise<number> {
  const location = locateModel(model, host.cwd, options.signature);
  const resolved = await resolveSigner(options, host, "model-signature");
  const { manifest, listing } = await hash(location, options, host);
  const payload = await statementOf(listing.name, manifest);
  if (resolved.logsPayload && payload.length > REKOR_LIMIT) {
    say(
      host,
      `the log receives the whole list of files (${formatBytes(payload.length)}), and may refuse it`,
    );
  }
  const [{ signEnvelope }, { IN_TOTO }, { writeFileAtomic }] = await Promise.all([
    import("@mlsign/sign"),
    import("@mlsign/bundle"),
    import("@mlsign/files"),
  ]);
  const signature = await signEnvelope(IN_TOTO, payload, { ...resolved, form: "oms" });
  // A service that lied is found here and not in production.
  const { checkSignature } = await import("../self-check.ts");
  const signer = await checkSignature(signature, resolved, host.clock());
  writeFileAtomic(location.signaturePath, signature.text);

  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  const shown = printable(relative(host.cwd, location.signaturePath) || location.signaturePath);
  const files = `${manifest.files.length} ${manifest.files.length === 1 ? "file" : "files"}`;
  say(host, `signed ${printable(model)} (${files}, ${formatBytes(bytes)}) ${signer}`);
  say(host, `wrote ${shown}`);
  if (options.json) {
    const { tlogEntries, timestamps } = signature.bundle;
    writeJson(host, {
      schema: "urn:mlsign:sign:v1",
      model,
      signature: shown,
      method: resolved.method,
      root: manifest.root,
      dirHash1: manifest.dirHash1 ?? null,
      files: manifest.files.length,
      bytes,
      logEntries: tlogEntries.map(({ logIndex, logId }) => ({
        logIndex,
        logId: logId.keyId.toString("hex"),
      })),
      timestamps: timestamps.length,
    });
  }
  return EXIT.accepted;
}

async function hash(location: ModelLocation, options: Options, host: Host) {
  const [{ GIT_PATHS, manifestOf }, { modelSource }] = await Promise.all([
    import("@mlsign/manifest"),
    import("../model-source.ts"),
  ]);
  const source = modelSource(location, options.archive ?? false);
  const user = (options.ignorePath ?? []).map((path) => ignoredName(path, location, host.cwd));
  const ignorePaths = location.directory
    ? [...new Set([...user, ...location.ownNames])].sort()
    : user;
  const allowSymlinks = options.allowSymlinks ?? false;
  const listing = await source.list({ ignorePaths, allowSymlinks, signal: host.signal });
  for (const [one, other] of listing.clashes) {
    say(
      host,
      `warning: "${printable(one)}" and "${printable(other)}" are one file on some systems`,
    );
  }
  const progress = progressLine(host);
  try {
    const shards = options.shardSize !== undefined;
    const manifest = await manifestOf(source, listing, {
      serialization: {
        method: shards ? "shards" : "files",
        hashType: options.hash,
        ...(shards && { shardSize: options.shardSize }),
        allowSymlinks,
        ignorePaths: location.directory ? [...GIT_PATHS, ...ignorePaths].sort() : ignorePaths,
      },
      onProgress: progress.onProgress,
      signal: host.signal,
    });
    return { manifest, listing };
  } finally {
    progress.end();
  }
}

async function statementOf(
  name: string,
  manifest: Awaited<ReturnType<typeof hash>>["manifest"],
): Promise<Buffer> {
  const [{ MODEL_SIGNATURE, statementBytes }, { omsPredicate }] = await Promise.all([
    import("@mlsign/bundle"),
    import("@mlsign/manifest"),
  ]);
  return statementBytes({
    subject: [{ name, digest: { sha256: manifest.root } }],
    predicateType: MODEL_SIGNATURE,
    predicate: omsPredicate(manifest),
  });
}

function parseShardSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(size) && size >= LEAST_SHARD) return size;
  throw new MlsignError(
    "usage",
    `Cannot use --shard-size ${printable(text)}: not a count of at least ${LEAST_SHARD} bytes`,
  );
}

const REKOR_LIMIT = 100 * 1024;
const LEAST_SHARD = 1024;
const HELP = `
The signature is an OpenSSF Model Signing bundle. Without --key it is keyless: an identity from
--identity-token, from the CI (GitHub Actions, GitLab, Buildkite, Google Cloud), or from a login.
A passphrase comes from MLSIGN_PASSPHRASE, or is asked for on a terminal.

Examples:
  $ mlsign sign model.onnx --key demo.key
  $ mlsign sign ./model --key demo.key --ignore-path notes.txt
`;
