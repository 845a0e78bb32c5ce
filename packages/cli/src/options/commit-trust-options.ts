import { MlsignError } from "@mlsign/core";
import type { CommitTrust, Keyring } from "@mlsign/git";
import type { Command } from "commander";
import type { Host } from "../host.ts";
import { readFile } from "./trust-options.ts";

/** Who may sign commits, as flags say it. */
export interface CommitTrustFlags {
  readonly allowedSigners?: string;
  readonly gpgKeys?: string;
  readonly gitsignIdentity?: string;
  readonly gitsignIssuer?: string;
}

export function addCommitTrustOptions(command: Command): Command {
  return command
    .option("--allowed-signers <file>", "who may sign with SSH, as ssh-keygen(1) has it")
    .option("--gpg-keys <file>", "OpenPGP public keys that may sign (gpg --export)")
    .option("--gitsign-identity <id>", "who may sign with gitsign: an e-mail address or a URI")
    .option("--gitsign-issuer <url>", "who must vouch for that identity");
}

/**
 * Runs with those who may sign commits, `undefined` where nobody was named, and takes away
 * afterwards what gpg needed.
 *
 * @throws MlsignError `usage` or `config-invalid`
 */
export async function withCommitTrust<T>(
  flags: CommitTrustFlags,
  host: Host,
  use: (trust: CommitTrust | undefined) => Promise<T>,
): Promise<T> {
  const { allowedSigners, gpgKeys, gitsignIdentity: identity, gitsignIssuer: issuer } = flags;
  if ((identity === undefined) !== (issuer === undefined)) {
    throw new MlsignError(
      "usage",
      "Cannot allow a gitsign identity without its issuer, nor an issuer alone",
      {
        hint: "give both --gitsign-identity and --gitsign-issuer",
      },
    );
  }
  if ([allowedSigners, gpgKeys, identity].every((flag) => flag === undefined))
    return use(undefined);
  const git = await import("@mlsign/git");
  const signers =
    allowedSigners === undefined
      ? undefined
      : git.parseAllowedSigners(readFile(allowedSigners, host).toString("utf8"), allowedSigners);
  const { env } = host;
  let keyring: Keyring | undefined;
  try {
    if (gpgKeys !== undefined)
      keyring = await git.openKeyring(readFile(gpgKeys, host), { source: gpgKeys, env });
    return await use({
      ...(signers && { allowedSigners: signers }),
      ...(keyring && { keyring }),
      ...(identity !== undefined && issuer !== undefined && { gitsign: { identity, issuer, env } }),
    });
  } finally {
    await keyring?.close();
  }
}
