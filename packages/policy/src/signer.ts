import { createPublicKey } from "node:crypto";
import { hexOf, sha256 } from "@mlsign/core";
import type { EvidenceFact, Signer } from "./facts.ts";
import { matches, parsePattern } from "./pattern.ts";
import type { Identity, Policy } from "./policy.ts";
import { isWithin } from "./span.ts";

/** Whether a signer is an identity of the policy: exactly, unless the policy says by an expression. */
function isIdentity(signer: Signer, identity: Identity): boolean {
  if ("key" in signer) return keyOf(identity) === signer.key;
  if (identity.issuer === undefined || identity.issuer !== signer.issuer) return false;
  const { subject, subjectIn, subjectRegexp } = identity;
  if (subject !== undefined) return subject === signer.subject;
  if (subjectIn !== undefined) return subjectIn.includes(signer.subject);
  return subjectRegexp !== undefined && matches(parsePattern(subjectRegexp), signer.subject);
}

/** Whether a signer is one of these identities of the policy. */
export function isNamed(
  signer: Signer | undefined,
  names: readonly string[],
  { identities }: Pick<Policy, "identities">,
): boolean {
  return names.some((name) => {
    const identity = Object.hasOwn(identities, name) ? identities[name] : undefined;
    return signer !== undefined && identity !== undefined && isIdentity(signer, identity);
  });
}

/** The digest that a key of the policy is known by. */
function keyOf({ key, publicKey }: Identity): string | undefined {
  if (publicKey === undefined) return key;
  const der = createPublicKey(publicKey).export({ type: "spki", format: "der" });
  return `sha256:${hexOf(sha256(der))}`;
}

/**
 * Who a signer is, when people are counted: an e-mail address is one person in any case and with
 * any issuer, so that nobody approves twice through two of them.
 */
export function personOf(signer: Signer): string {
  if ("key" in signer) return signer.key;
  const { issuer, subject } = signer;
  return /^[^\s@/]+@[^\s@/]+$/.test(subject)
    ? subject.toLowerCase()
    : JSON.stringify([issuer, subject]);
}

/** How a signer is told to people. */
export function signerText(signer: Signer | undefined): string {
  if (signer === undefined) return "an unknown signer";
  return "key" in signer ? `key ${signer.key}` : signer.subject;
}

/**
 * Why a signer is denied, if it is. A window is judged by trusted time; what has none could have
 * been made at any time, and is denied.
 */
export function denialOf({ signer, time }: EvidenceFact, { deny }: Policy): string | undefined {
  if (signer === undefined || deny === undefined) return undefined;
  if ("key" in signer)
    return deny.keys?.find((it) => it.key === signer.key && isWithin(time, it))?.reason;
  return deny.signers?.find(
    (it) =>
      personOf({ ...signer, subject: it.subject }) === personOf(signer) &&
      (it.issuer === undefined || it.issuer === signer.issuer) &&
      isWithin(time, it),
  )?.reason;
}
