import { createHash } from "node:crypto";
import { messageOf } from "@mlsign/core";
import type { AllowedSigner } from "./allowed-signers.ts";
import type { Commit } from "./objects.ts";
import { verifySshSignature } from "./ssh-signature.ts";

/**
 * What a commit's signature proves. `good` names a principal of the allowed signers; who is named
 * as author or committer is no part of it. `unchecked` is a kind that only a program can check.
 */
export interface CommitSignature {
  readonly kind: "ssh" | "openpgp" | "x509" | "none";
  readonly status: "good" | "bad" | "unknown-signer" | "unchecked" | "unsigned";
  readonly principal?: string;
  /** `SHA256:…` as ssh-keygen prints it. */
  readonly fingerprint?: string;
  readonly why: string;
}

export interface VerifyCommitOptions {
  readonly allowedSigners: readonly AllowedSigner[];
  /** When the commit was made, by something better than its own word; else its committer's date. */
  readonly at?: Date;
}

/** Verifies a commit's signature: SSH here; OpenPGP and X.509 are told apart and left unchecked. */
export function verifyCommit(commit: Commit, options: VerifyCommitOptions): CommitSignature {
  const { signature } = commit;
  if (signature === undefined)
    return { kind: "none", status: "unsigned", why: "the commit is not signed" };
  if (signature.startsWith("-----BEGIN PGP")) {
    return {
      kind: "openpgp",
      status: "unchecked",
      why: "an OpenPGP signature is not checked here",
    };
  }
  if (!signature.startsWith("-----BEGIN SSH")) {
    return { kind: "x509", status: "unchecked", why: "an X.509 signature is not checked here" };
  }
  try {
    return verifySsh(commit, signature, options);
  } catch (error) {
    return { kind: "ssh", status: "bad", why: `the signature is malformed: ${messageOf(error)}` };
  }
}

function verifySsh(commit: Commit, armour: string, options: VerifyCommitOptions): CommitSignature {
  const { key, valid } = verifySshSignature(armour, commit.signedBytes);
  const fingerprint = `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
  if (!valid)
    return {
      kind: "ssh",
      status: "bad",
      fingerprint,
      why: "the signature is not over this commit",
    };
  const at = options.at ?? commit.committer.at;
  const signer = options.allowedSigners.find((allowed) => fits(allowed, key, at));
  const [principal] = signer?.principals ?? [];
  if (principal === undefined) {
    return {
      kind: "ssh",
      status: "unknown-signer",
      fingerprint,
      why: `no allowed signer has the key ${fingerprint} then`,
    };
  }
  return { kind: "ssh", status: "good", principal, fingerprint, why: `signed by ${principal}` };
}

/** Certificates (`cert-authority`) are not read, so such a line allows nobody. */
function fits(allowed: AllowedSigner, key: Buffer, at: Date): boolean {
  if (allowed.certAuthority || !allowed.key.equals(key)) return false;
  if (allowed.namespaces !== undefined && !allowed.namespaces.includes("git")) return false;
  if (Number.isNaN(at.getTime())) return false;
  const { validAfter: from, validBefore: to } = allowed;
  return (from === undefined || from <= at) && (to === undefined || at < to);
}
