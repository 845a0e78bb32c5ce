import { EXIT, MlsignError, printable } from "@mlsign/core";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { ignoredName, locateModel } from "../model/model-location.ts";
import { collect } from "../options/trust-options.ts";
import { writeJson } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";

interface Options {
  readonly format: string;
  readonly ignorePath?: readonly string[];
  readonly archive?: boolean;
  readonly allowSymlinks?: boolean;
  readonly json?: boolean;
}

export function digestCommand(host: Host, action: Action): Command {
  return new Command("digest")
    .description("print the digest that names a model")
    .argument("<path>", "a file, or a directory of files")
    .option(
      "--format <form>",
      "root (OMS), dirhash1 (binds names too), manifest (a line a file), or dvc (DVC's MD5)",
      "root",
    )
    .option("--ignore-path <path>", "leave this out (repeatable)", collect)
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--allow-symlinks", "follow links that stay inside the model")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((path: string, options: Options) => action(digest(path, options, host)));
}

async function digest(path: string, options: Options, host: Host): Promise<number> {
  if (options.format === "dvc") {
    const { digestForDvc } = await import("../lineage/digest-dvc.ts");
    return digestForDvc(path, options, host);
  }
  if (!["root", "dirhash1", "manifest"].includes(options.format)) {
    throw new MlsignError(
      "usage",
      `Cannot print ${printable(options.format)}: not root, dirhash1, manifest or dvc`,
    );
  }
  const [{ manifestOf }, { modelSource }] = await Promise.all([
    import("@mlsign/manifest"),
    import("../model/model-source.ts"),
  ]);
  const location = locateModel(path, host.cwd);
  const source = modelSource(location, options.archive ?? false);
  const user = (options.ignorePath ?? []).map((ignored) =>
    ignoredName(ignored, location, host.cwd),
  );
  const ignorePaths = [...user, ...location.ownNames];
  const allowSymlinks = options.allowSymlinks ?? false;
  const listing = await source.list({ ignorePaths, allowSymlinks, signal: host.signal });
  const progress = progressLine(host);
  const manifest = await manifestOf(source, listing, {
    serialization: { method: "files", hashType: "sha256", allowSymlinks, ignorePaths },
    onProgress: progress.onProgress,
    signal: host.signal,
  }).finally(() => progress.end());
  const files = manifest.files.map((file) => ({
    path: file.path,
    size: file.size,
    sha256: file.digests.sha256 ?? "",
  }));
  if (options.json) {
    const { root, dirHash1 = null } = manifest;
    writeJson(host, { schema: "urn:mlsign:digest:v1", path, root, dirHash1, files });
    return EXIT.accepted;
  }
  if (options.format === "manifest") {
    for (const file of files) host.out(`${file.sha256}  ${file.size}  ${printable(file.path)}\n`);
    return EXIT.accepted;
  }
  const value = options.format === "root" ? manifest.root : manifest.dirHash1;
  if (value === undefined) {
    throw new MlsignError("name-invalid", "Cannot compute dirhash1: a file's name holds a newline");
  }
  host.out(`${options.format === "root" ? "sha256" : "dirhash1"}:${value}\n`);
  return EXIT.accepted;
}

const HELP = `
The root binds the files' contents and their order, not their names: two models can share it.
dirhash1 (Go's h1, in hexadecimal) binds names too. dvc prints what a .dvc file has as md5: a name
to find data by, which binds nothing.

Examples:
  $ mlsign digest ./model --format dirhash1
  $ mlsign digest ./model --format dvc
`;
