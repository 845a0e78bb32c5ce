import { createHash } from "node:crypto";
import { messageOf } from "@mlsign/core";
import type { AllowedSigner } from "./allowed-signers.ts";
import { type GitsignTrust, verifyWithGitsign } from "./gitsign.ts";
import type { Keyring } from "./keyring.ts";
import type { Commit } from "./objects.ts";
import { verifySshSignature } from "./ssh-signature.ts";
import { findSshSigner } from "./ssh-signer.ts";

/**
 * What a commit's signature proves. `good` names a principal of those allowed; who is named as
 * author or committer is no part of it. `unchecked` is one that could not be checked, and `why`.
 */
export interface CommitSignature {
  readonly kind: "ssh" | "openpgp" | "x509" | "none";
  readonly status: "good" | "bad" | "unknown-signer" | "unchecked" | "unsigned";
  readonly principal?: string;
  /** `SHA256:…` as ssh-keygen prints it, or OpenPGP's in hex. */
  readonly fingerprint?: string;
  readonly why: string;
}

/** Who may sign commits. What is not given allows nobody. */
export interface CommitTrust {
  readonly allowedSigners?: readonly AllowedSigner[];
  readonly keyring?: Keyring;
  readonly gitsign?: GitsignTrust;
  /** When the commit was made, by something better than its own word; else its committer's date. */
  readonly at?: Date;
}

/**
 * Verifies a commit's signature: SSH here, OpenPGP with gpg and the given keyring, X.509 with
 * gitsign and the given identity. Nothing of the repository's configuration is looked at.
 */
export async function verifyCommit(commit: Commit, trust: CommitTrust): Promise<CommitSignature> {
  const { signature } = commit;
  switch (kindOf(signature)) {
    case "none":
      return { kind: "none", status: "unsigned", why: "the commit is not signed" };
    case "ssh":
      return { kind: "ssh", ...verifySsh(commit, signature ?? "", trust) };
    case "openpgp":
      return { kind: "openpgp", ...(await verifyOpenPgp(commit, signature ?? "", trust)) };
    case "x509":
      return { kind: "x509", ...(await verifyX509(commit, trust)) };
  }
}

type Judged = Omit<CommitSignature, "kind">;

function kindOf(signature: string | undefined): CommitSignature["kind"] {
  if (signature === undefined) return "none";
  if (signature.startsWith("-----BEGIN PGP")) return "openpgp";
  return signature.startsWith("-----BEGIN SSH") ? "ssh" : "x509";
}

function verifySsh(commit: Commit, armour: string, trust: CommitTrust): Judged {
  if (trust.allowedSigners === undefined)
    return { status: "unchecked", why: "an SSH signature, and no allowed signers were given" };
  let signature;
  try {
    signature = verifySshSignature(armour, commit.signedBytes);
  } catch (error) {
    return { status: "bad", why: `the signature is malformed: ${messageOf(error)}` };
  }
  const digest = createHash("sha256").update(signature.key).digest("base64");
  const fingerprint = `SHA256:${digest.replace(/=+$/, "")}`;
  if (!signature.valid)
    return { status: "bad", fingerprint, why: "the signature is not over this commit" };
  const at = trust.at ?? commit.committer.at;
  const signer = findSshSigner(signature, trust.allowedSigners, at);
  return "principal" in signer
    ? {
        status: "good",
        principal: signer.principal,
        fingerprint,
        why: `signed by ${signer.principal}`,
      }
    : { status: "unknown-signer", fingerprint, why: `${signer.why} (${fingerprint})` };
}

async function verifyOpenPgp(
  commit: Commit,
  armour: string,
  { keyring }: CommitTrust,
): Promise<Judged> {
  if (keyring === undefined)
    return { status: "unchecked", why: "an OpenPGP signature, and no OpenPGP keys were given" };
  const verdict = await keyring.verify(armour, commit.signedBytes);
  if (verdict.status !== "good") return verdict;
  const { user, fingerprint } = verdict;
  // A user ID is the key owner's words, in the file that the caller gave.
  const principal = /<([^<>\s]+)>$/.exec(user)?.[1] ?? user;
  return { status: "good", principal, fingerprint, why: `signed by ${principal}` };
}

async function verifyX509(commit: Commit, { gitsign }: CommitTrust): Promise<Judged> {
  if (gitsign === undefined)
    return { status: "unchecked", why: "an X.509 signature, and no identity was given for it" };
  const verdict = await verifyWithGitsign(commit, gitsign);
  return verdict.status === "good"
    ? { ...verdict, why: `signed by ${verdict.principal}` }
    : verdict;
}
