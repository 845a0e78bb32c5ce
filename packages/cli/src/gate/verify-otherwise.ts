import { MlsignError } from "@mlsign/core";
import type { Host } from "../host.ts";
import { GATE_FLAGS } from "../options/policy-options.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import type { ReportOptions } from "../terminal/print-report.ts";

interface OtherFlags extends TrustFlags, ReportOptions {
  readonly policy?: string;
  readonly vsa?: boolean;
  readonly to?: string;
}

/**
 * Verifies by a policy or by a promotion, instead of by whom the caller trusts with the signature.
 *
 * @throws MlsignError `usage` where flags contradict each other
 */
export async function verifyOtherwise(
  model: string,
  options: OtherFlags,
  host: Host,
): Promise<number> {
  const { policy, vsa = false, to } = options;
  if (policy === undefined && !vsa)
    throw new MlsignError(
      "usage",
      `Cannot use ${flagsOf(Object.keys(options).filter((name) => GATE_FLAGS.includes(name)))} without --policy or --vsa`,
    );
  if (policy !== undefined && vsa)
    throw new MlsignError("usage", "Cannot use --policy and --vsa together", {
      hint: "--vsa trusts the verdict of an earlier promotion by the policy",
    });
  if (to === undefined)
    throw new MlsignError("usage", "Cannot judge: the target is not named", {
      hint: "name it with --to",
    });
  const used = Object.keys(options).filter(
    (name) => REFUSED.has(name) || (name === "into" && !vsa),
  );
  if (used.length > 0)
    throw new MlsignError(
      "usage",
      `Cannot use ${flagsOf(used)} with ${vsa ? "--vsa" : "--policy"}`,
    );
  const signer = POLICY_SIGNER.filter((name) => vsa && name in options);
  if (signer.length > 0)
    throw new MlsignError("usage", `Cannot use ${flagsOf(signer)} with --vsa`, {
      hint: "--policy-digest pins the policy of a promotion",
    });
  if (policy === undefined)
    return (await import("./verify-summary.ts")).verifySummary(model, { ...options, to }, host);
  if ("policyDigest" in options)
    throw new MlsignError("usage", "Cannot use --policy-digest with --policy", {
      hint: "pin the policy itself: --policy FILE@sha256:HEX",
    });
  const trusted = Object.keys(options).filter((name) => TRUST.has(name));
  if (trusted.length > 0)
    throw new MlsignError("usage", `Cannot use ${flagsOf(trusted)} with --policy`, {
      hint: "the policy names whom to trust; the caller gives --trusted-root or --trust-config alone",
    });
  return (await import("./verify-policy.ts")).verifyByPolicy(
    model,
    { ...options, policy, to },
    host,
  );
}

/** @throws MlsignError `usage` where the caller names whom to trust with an archive of evidence. */
export function refuseTrustWithEvidence(options: TrustFlags): void {
  // Of two pins of a policy one would be passed over.
  const pinned = "policy" in options ? ["policyDigest"] : [];
  const other = new Set([...TRUST, ...REFUSED, "into", "vsa", "summary", ...pinned]);
  const used = Object.keys(options).filter((name) => other.has(name));
  if (used.length > 0)
    throw new MlsignError("usage", `Cannot use ${flagsOf(used)} with --evidence`, {
      hint: "the policy names whom to trust; the caller gives --trusted-root or --trust-config alone",
    });
}

function flagsOf(names: readonly string[]): string {
  return names
    .map((name) => `--${name.replace(/[A-Z]/g, (sign) => `-${sign.toLowerCase()}`)}`)
    .join(" and ");
}

/** Whom to trust: the policy's word, where there is one. */
const TRUST = new Set([
  "key",
  "certificateChain",
  "certificateIdentity",
  "certificateIdentityRegexp",
  "certificateOidcIssuer",
]);
/** What only a verification by the signature has. */
const REFUSED = new Set([
  "acceptStatement",
  "archive",
  "ignorePath",
  "ignoreUnsignedFiles",
  "requireLog",
  "requireTimestamp",
]);
/** What says whose policy counts, and so wants a policy. */
const POLICY_SIGNER = ["policyKey", "policyIdentity", "policyOidcIssuer"];
