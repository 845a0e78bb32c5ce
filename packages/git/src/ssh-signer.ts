import type { AllowedSigner } from "./allowed-signers.ts";
import type { SshCertificate } from "./ssh-certificate.ts";
import { matchesPatterns } from "./ssh-pattern.ts";
import type { SshSignature } from "./ssh-signature.ts";

/** Who an allowed signers file says made a valid signature, or why it names nobody. */
export type SshSigner = { readonly principal: string } | { readonly why: string };

/**
 * Finds the signer as `ssh-keygen -Y verify` does, for any of the file's principals: by the key
 * itself, or by the certificate's authority (`cert-authority`), whose principals must fit the
 * line's patterns. A key that signs with a certificate is judged by the certificate alone.
 */
export function findSshSigner(
  { key, certificate }: SshSignature,
  allowedSigners: readonly AllowedSigner[],
  at: Date,
): SshSigner {
  if (Number.isNaN(at.getTime())) return { why: "nobody knows when the commit was made" };
  const reasons: string[] = [];
  for (const allowed of allowedSigners) {
    const wanted = certificate?.authority ?? key;
    if (allowed.certAuthority !== (certificate !== undefined) || !allowed.key.equals(wanted))
      continue;
    const fault = lineFault(allowed, at);
    if (fault !== undefined) {
      reasons.push(fault);
      continue;
    }
    const found =
      certificate === undefined
        ? named(allowed.principals)
        : certified(certificate, allowed.principals, at);
    if ("principal" in found) return found;
    reasons.push(found.why);
  }
  const what = certificate === undefined ? "the key" : "the certificate's authority";
  return { why: reasons[0] ?? `no allowed signer has ${what}` };
}

/** The line's own name for the key: patterns may stand there, and one that is excluded is none. */
function named(patterns: readonly string[]): SshSigner {
  const principal = patterns.find(
    (pattern) => !pattern.startsWith("!") && matchesPatterns(pattern, patterns),
  );
  return principal === undefined ? { why: "the key is allowed to nobody" } : { principal };
}

function lineFault({ namespaces, validAfter, validBefore }: AllowedSigner, at: Date) {
  if (namespaces !== undefined && !matchesPatterns("git", namespaces))
    return "the key is not allowed for git";
  if (validAfter !== undefined && at < validAfter) return "the key was not yet allowed then";
  if (validBefore !== undefined && at > validBefore) return "the key was no longer allowed then";
  return undefined;
}

/** PROTOCOL.certkeys; an option that is critical and not understood decides against it. */
function certified(certificate: SshCertificate, patterns: readonly string[], at: Date): SshSigner {
  const seconds = BigInt(Math.floor(at.getTime() / 1000));
  if (!certificate.user) return { why: "the certificate is a host's" };
  if (certificate.criticalOptions.length > 0)
    return { why: "the certificate is restricted by a critical option" };
  if (seconds < certificate.validAfter) return { why: "the certificate was not yet valid then" };
  if (seconds >= certificate.validBefore)
    return { why: "the certificate was no longer valid then" };
  const principal = certificate.principals.find((name) => matchesPatterns(name, patterns));
  if (principal === undefined)
    return { why: "the certificate is for nobody whom its authority may vouch for" };
  return { principal };
}
