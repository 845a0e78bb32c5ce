import { MlsignError, printable } from "@mlsign/core";
import type { BaseModelFact } from "@mlsign/lineage";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";

/**
 * The models that one was made from, each `NAME[@REVISION][#sha256:ROOT][=PATH]`: with a path it is
 * hashed, else it is known by what the caller says.
 *
 * @throws MlsignError `usage`, `model-missing`, and of hashing
 */
export async function baseModels(
  texts: readonly string[],
  host: Host,
): Promise<readonly BaseModelFact[]> {
  const facts: BaseModelFact[] = [];
  for (const text of texts) facts.push(await baseModel(text, host));
  return facts;
}

async function baseModel(text: string, host: Host): Promise<BaseModelFact> {
  const match = FORM.exec(text);
  const [, name, revision, stated, path] = match ?? [];
  if (name === undefined) {
    throw new MlsignError("usage", `Cannot use --base-model ${printable(text)}: not ${WANTED}`);
  }
  const hashed = path === undefined ? undefined : await identityOf(path, host);
  if (stated !== undefined && hashed !== undefined && hashed.root !== stated) {
    throw new MlsignError(
      "usage",
      `Cannot use --base-model ${printable(text)}: it has other bytes`,
      {
        hint: `its root is sha256:${hashed.root}`,
      },
    );
  }
  const commit = revision !== undefined && /^[0-9a-f]{40}$/.test(revision) ? revision : undefined;
  return {
    uri: uriOf(name, revision),
    name,
    root: hashed?.root ?? stated,
    dirHash1: hashed?.dirHash1,
    revision: commit,
  };
}

async function identityOf(path: string, host: Host) {
  const { manifest } = await claimManifest(locateModel(path, host.cwd), {}, host);
  return { root: manifest.root, dirHash1: manifest.dirHash1 };
}

/** `ORG/NAME` is how the Hub names models; what has no organisation is only a name. */
function uriOf(name: string, revision: string | undefined): string {
  const hub = /^[\w.-]+\/[\w.-]+$/.test(name);
  const at = revision === undefined ? "" : `@${encodeURIComponent(revision)}`;
  return hub ? `pkg:huggingface/${name}${at}` : `urn:mlsign:model:${encodeURIComponent(name)}${at}`;
}

const WANTED = "NAME[@REVISION][#sha256:ROOT][=PATH]";
const FORM = /^([^@#=\s]+)(?:@([^@#=\s]+))?(?:#sha256:([0-9a-f]{64}))?(?:=(.+))?$/;
