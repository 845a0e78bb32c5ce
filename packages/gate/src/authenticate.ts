import { createHash, type KeyObject } from "node:crypto";
import type { Bundle, KeyUse } from "@mlsign/bundle";
import { decide, MlsignError } from "@mlsign/core";
import type { EvidenceFact, Signer } from "@mlsign/policy";
import { type BundleResult, type Trust, verifyBundle } from "@mlsign/verify";
import { fulcioClaims, parseCertificate } from "@mlsign/x509";

/** What signatures are checked against before anybody asks who may sign what. */
export interface GateTrust {
  /** Authorities and logs; without one, no identity can be verified. */
  readonly trustedRoot: NonNullable<Extract<Trust, { method: "key" }>["trustedRoot"]> | undefined;
  readonly keys: readonly KeyObject[];
  readonly now: Date;
}

/** A bundle whose signature was verified, and by whom it is, whoever that be. */
export interface Authenticated extends Pick<
  EvidenceFact,
  "status" | "signer" | "time" | "logged" | "timestamped"
> {
  /** The trust under which it verifies; `undefined` where there is none. */
  readonly trust: Trust | undefined;
  readonly result: BundleResult | undefined;
}

/**
 * Verifies a bundle for the very signer that it names: a key of the policy, or the one name of its
 * certificate with the issuer that vouched for it. Whether that signer is trusted with anything is
 * the policy's to say.
 */
export async function authenticate(
  bundle: Bundle,
  use: KeyUse,
  { trustedRoot, keys, now }: GateTrust,
): Promise<Authenticated> {
  const root = trustedRoot === undefined ? {} : { trustedRoot };
  if (bundle.material.kind === "publicKey") {
    for (const key of keys) {
      const trust: Trust = { method: "key", key, ...root };
      const result = await verifyBundle(bundle, trust, { now, use });
      if (result.valid) return verified({ key: keyName(key) }, trust, result);
    }
    return NOBODY;
  }
  const identity = namedIdentity(bundle.material.certificates[0]);
  if (identity === undefined) return NOBODY;
  // Who it claims to be is told, so that a missing root is no missing signer.
  if (trustedRoot === undefined) return { ...NOBODY, status: "unknown", signer: identity };
  const { subject: exact, issuer } = identity;
  const trust: Trust = {
    method: "keyless",
    trustedRoot,
    identity: { identity: { exact }, issuer },
  };
  return verified(identity, trust, await verifyBundle(bundle, trust, { now, use }));
}

function verified(signer: Signer, trust: Trust, result: BundleResult): Authenticated {
  const verdict = decide(result.findings);
  const status = verdict === "accepted" ? "valid" : verdict === "undecided" ? "unknown" : "invalid";
  const time = earliestTime(result);
  return {
    status,
    trust,
    result,
    ...(status !== "invalid" && { signer }),
    ...(time !== undefined && { time }),
    logged: result.findings.some(({ code, outcome }) => code === "log-entry" && outcome === "pass"),
    timestamped: result.times.some(({ source }) => source === "timestamp-authority"),
  };
}

/**
 * When a signature was made at the latest, ISO 8601; `undefined` where nobody trusted says so. Anybody
 * can have an old signature timestamped anew: only the earliest time bounds its age.
 */
export function earliestTime({ times }: Pick<BundleResult, "times">): string | undefined {
  const at = times.map((time) => time.at.getTime());
  return at.length === 0 ? undefined : new Date(Math.min(...at)).toISOString();
}

function namedIdentity(der: Buffer | undefined) {
  try {
    const leaf = parseCertificate(der ?? Buffer.alloc(0));
    const { issuer } = fulcioClaims(leaf);
    const [name, another] = leaf.names;
    // With two names, which of them signed is anybody's guess.
    if (issuer === undefined || name === undefined || another !== undefined) return undefined;
    return { issuer, subject: name.value };
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

function keyName(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(der).digest("hex")}`;
}

const NOBODY: Authenticated = { status: "invalid", trust: undefined, result: undefined };
