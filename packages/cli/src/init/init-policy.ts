import { createPublicKey } from "node:crypto";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { EXIT, MlsignError, printable } from "@mlsign/core";
import { claimSigner } from "@mlsign/evidence";
import { openRepository, type Repository } from "@mlsign/git";
import { checkTarget } from "../gate/target.ts";
import type { Host } from "../host.ts";
import { locateModel, signatureBytes } from "../model/model-location.ts";
import { readFile } from "../options/trust-options.ts";
import { say, writeJson } from "../terminal/output.ts";
import { policyProposal, type SeenSigner } from "./policy-proposal.ts";
import { survey } from "./settings-proposal.ts";
import { writeProposal } from "./write-proposal.ts";

export interface InitPolicyOptions {
  readonly model?: string;
  readonly key?: string;
  readonly to?: string;
  readonly print?: boolean;
  readonly json?: boolean;
}

/** Looks at a repository and a signed model, and writes a first policy for a target. */
export async function initPolicy(options: InitPolicyOptions, host: Host): Promise<number> {
  const { to = "prod", print = false, json = false } = options;
  checkTarget(to);
  const repository = await repositoryOf(host);
  const folder = repository?.root ?? host.cwd;
  const file = join(folder, `policy-${to}.yaml`);
  const shown = relative(host.cwd, file);
  const { card, locks, data } = survey(folder);
  const signer = signerOf(options, host);
  const text = policyProposal({
    to,
    signer,
    remote: repository?.remote,
    ref: repository?.ref,
    data: data.length > 0,
    locks: locks.length > 0,
    card: card !== undefined || existsSync(join(folder, "README.md")),
    expires: new Date(host.clock().getTime() + 180 * 86_400_000),
  });
  if (!print) writeProposal(file, text, host);
  const who =
    signer === undefined
      ? "nobody seen (name a signed model with --model, or a key with --key)"
      : "publicKey" in signer
        ? "the key that was given"
        : printable(signer.subject);
  say(host, `trainer: ${who}`);
  say(host, `repository: ${printable(repository?.remote ?? "none found")}`);
  if (!print) say(host, `wrote ${printable(shown)}: replace what it says REPLACE of`);
  if (json)
    writeJson(host, { schema: "urn:mlsign:init-policy:v1", file: print ? null : shown, text });
  else if (print) host.out(text);
  return EXIT.accepted;
}

async function repositoryOf(host: Host): Promise<Repository | undefined> {
  try {
    return await openRepository(host.cwd);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    say(host, "this is no git repository with a commit: looked here only");
    return undefined;
  }
}

/** Whom the signature names, unverified: a person reads the policy before it decides anything. */
function signerOf({ model, key }: InitPolicyOptions, host: Host): SeenSigner | undefined {
  const bundle = model === undefined ? undefined : bundleOf(model, host);
  const logged = (bundle?.tlogEntries.length ?? 0) > 0;
  if (key !== undefined) return { publicKey: publicKeyOf(key, host), logged };
  if (bundle === undefined) return undefined;
  const { method, id, issuer } = claimSigner(bundle);
  if (method === "keyless" && issuer !== undefined) return { issuer, subject: id, logged };
  throw new MlsignError(
    "usage",
    "Cannot tell the signer from this signature: it was made with a key",
    {
      hint: "give its public key with --key",
    },
  );
}

function bundleOf(model: string, host: Host) {
  const data = signatureBytes(locateModel(model, host.cwd));
  if (data !== undefined) return parseBundle(data);
  throw new MlsignError("unsigned", `${printable(model)} is unsigned: nobody to trust is seen`, {
    hint: "sign it with mlsign sign",
  });
}

function publicKeyOf(file: string, host: Host): string {
  try {
    return createPublicKey(readFile(file, host)).export({ type: "spki", format: "pem" }).toString();
  } catch (cause) {
    if (cause instanceof MlsignError) throw cause;
    throw new MlsignError("key-invalid", `Cannot use ${printable(file)}: no public key in it`, {
      cause,
    });
  }
}
