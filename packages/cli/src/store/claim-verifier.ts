import { type Bundle, type KeyUse, namesKey, parseBundle, readStatement } from "@mlsign/bundle";
import { decide, type Finding, hexOf, MlsignError, sha256 } from "@mlsign/core";
import { claimSigner } from "@mlsign/evidence";
import { authenticate, earliestTime, type GateTrust } from "@mlsign/gate";
import type { StoredSigner, Verdict } from "@mlsign/store";
import { type BundleResult, type Trust, verifyBundle } from "@mlsign/verify";
import { keysOf, signedPolicyOf } from "../gate/policy-flag.ts";
import type { Host } from "../host.ts";
import { resolveTrust, rootOfFlags, type TrustFlags } from "../options/trust-options.ts";

export interface VerifierFlags extends TrustFlags {
  readonly policy?: string;
}

export interface Verified {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** Verifies a bundle by whom the flags trust; `undefined` where they name nobody. */
export async function claimVerifier(
  flags: VerifierFlags,
  host: Host,
): Promise<((bytes: Uint8Array) => Promise<Verified>) | undefined> {
  const now = host.clock();
  const named = await resolveTrust(flags, host, false);
  if (flags.policy !== undefined) {
    if (named !== undefined)
      throw new MlsignError("usage", "Cannot use --policy and trust flags together");
    const policy = await signedPolicyOf(flags.policy, flags, host);
    const people = Object.values(policy.policy.identities).some((it) => it.issuer !== undefined);
    const root = await rootOfFlags(flags, host, people);
    return byItsSigner({ trustedRoot: root?.root, keys: keysOf(policy), now });
  }
  if (named !== undefined) return byTrust(named.trust, now);
  const root = await rootOfFlags(flags, host, false);
  return root === undefined ? undefined : byItsSigner({ trustedRoot: root.root, keys: [], now });
}

/** For the very signer that each bundle names. */
function byItsSigner(trust: GateTrust) {
  return async (bytes: Uint8Array): Promise<Verified> => {
    const bundle = parseBundle(bytes);
    const { status, signer, result, time, logged, timestamped } = await authenticate(
      bundle,
      useOf(bundle),
      trust,
    );
    if (status === "valid") {
      return {
        verdict: {
          status: "verified",
          ...(signer !== undefined && { signer }),
          ...(time !== undefined && { time }),
          ...(logged !== undefined && { logged }),
          ...(timestamped !== undefined && { timestamped }),
        },
        findings: result?.findings ?? [],
      };
    }
    const named = trust.keys.some((key) => names(bundle, key) && status === "invalid");
    return refused(bundle, result, named);
  };
}

function byTrust(trust: Trust, now: Date) {
  return async (bytes: Uint8Array): Promise<Verified> => {
    const bundle = parseBundle(bytes);
    const result = await verifyBundle(bundle, trust, { now, use: useOf(bundle) });
    if (decide(result.findings) !== "accepted")
      return refused(bundle, result, trust.method === "key" && names(bundle, trust.key));
    const time = earliestTime(result);
    const key =
      trust.method === "key" ? trust.key.export({ type: "spki", format: "der" }) : undefined;
    return {
      verdict: {
        status: "verified",
        signer: key === undefined ? claimedSigner(bundle) : { key: `sha256:${hexOf(sha256(key))}` },
        ...(time !== undefined && { time }),
      },
      findings: result.findings,
    };
  };
}

/** `failed` is for what cannot hold; a signer whom nobody here can vouch for is unverified. */
function refused(bundle: Bundle, result: BundleResult | undefined, named: boolean): Verified {
  const findings = result?.findings ?? [];
  const broken =
    bundle.material.kind === "publicKey"
      ? named
      : findings.some(({ code, outcome }) => code === "signature-valid" && outcome === "fail");
  return {
    verdict: { status: broken ? "failed" : "unverified", signer: claimedSigner(bundle) },
    findings,
  };
}

/** Who it says signed it; only as good as the verdict beside it. */
export function claimedSigner(bundle: Bundle): StoredSigner {
  const { method, id, issuer } = claimSigner(bundle);
  if (issuer !== undefined) return { issuer, subject: id };
  return { key: method === "certificate" ? `certificate sha256:${hexOf(sha256(id))}` : id };
}

function names({ material }: Bundle, key: GateTrust["keys"][number]): boolean {
  if (material.kind !== "publicKey" || material.hint === undefined) return false;
  return namesKey(material.hint, key) === "yes";
}

function useOf({ content }: Bundle): KeyUse {
  if (content.kind !== "dsse") return "claim";
  try {
    const { predicateType } = readStatement(content.payload);
    return predicateType.startsWith("https://model_signing/") ? "model-signature" : "claim";
  } catch (error) {
    if (error instanceof MlsignError) return "claim";
    throw error;
  }
}
