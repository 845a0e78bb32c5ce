import { parse } from "node:path";
import { EXIT, MlsignError, printable } from "@mlsign/core";
import { hashData } from "@mlsign/dvc";
import type { Host } from "../host.ts";
import { locateModel } from "../model/model-location.ts";
import { say, writeJson } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";

export interface DvcDigestOptions {
  readonly ignorePath?: readonly string[];
  readonly archive?: boolean;
  readonly allowSymlinks?: boolean;
  readonly json?: boolean;
}

/** Prints the name that DVC has for data, which binds nothing: it is MD5. */
export async function digestForDvc(
  path: string,
  options: DvcDigestOptions,
  host: Host,
): Promise<number> {
  if (options.ignorePath !== undefined || options.archive || options.allowSymlinks) {
    throw new MlsignError("usage", "Cannot hash as DVC does and leave out, unpack or follow", {
      hint: "DVC leaves out what .dvcignore says, and nothing else",
    });
  }
  const { path: full } = locateModel(path, host.cwd);
  const progress = progressLine(host);
  const { onProgress } = progress;
  const hashed = await hashData(full, "md5", {
    onProgress,
    // As DVC looks for its root: upwards, whether or not git is there to be asked.
    within: parse(full).root,
  }).finally(() => progress.end());
  const { oid, sha256, dirHash1 = null, size, nfiles, ignored } = hashed;
  if (options.json) {
    const files = hashed.files.map((file) => ({ ...file }));
    writeJson(host, {
      schema: "urn:mlsign:digest-dvc:v1",
      path,
      oid,
      sha256,
      dirHash1,
      size,
      nfiles,
      ignored: [...ignored],
      files,
    });
    return EXIT.accepted;
  }
  for (const name of ignored) say(host, `left out, as .dvcignore says: ${printable(name)}`);
  host.out(`${oid}\n`);
  return EXIT.accepted;
}
