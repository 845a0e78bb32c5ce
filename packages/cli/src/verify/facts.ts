import type { Bundle } from "@mlsign/bundle";
import type { Fact } from "@mlsign/core";
import type { BundleResult } from "@mlsign/verify";
import type { ResolvedTrust } from "../options/trust-options.ts";

/** What verification saw, without judgement: who, when, against which root, over what. */
export async function factsOf(
  bundle: Bundle,
  result: BundleResult,
  resolved: ResolvedTrust,
  now: Date,
  model: Readonly<Record<string, unknown>>,
): Promise<Fact[]> {
  const at = now.toISOString();
  const { certificate, times } = result;
  const facts: Fact[] = [
    { kind: "signature", source: "bundle", at, value: signatureOf(bundle, resolved) },
    { kind: "model", source: "files", at, value: model },
  ];
  if (certificate !== undefined) {
    const { fulcioClaims } = await import("@mlsign/x509");
    const value = {
      names: certificate.names,
      claims: fulcioClaims(certificate),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
    };
    facts.push({ kind: "certificate", source: "bundle", at, value });
  }
  for (const time of times) {
    facts.push({ kind: "time", source: time.source, at, value: time.at.toISOString() });
  }
  if (resolved.root !== undefined) {
    const { sha256, source } = resolved.root;
    facts.push({ kind: "trusted-root", source, at, value: { sha256 } });
  }
  return facts;
}

function signatureOf(bundle: Bundle, resolved: ResolvedTrust): Record<string, unknown> {
  return {
    method: resolved.trust.method,
    bundleVersion: bundle.version,
    hint: bundle.material.kind === "publicKey" ? (bundle.material.hint ?? null) : null,
    logEntries: bundle.tlogEntries.map(({ logIndex, logId, kindVersion }) => ({
      logIndex,
      logId: logId.keyId.toString("hex"),
      kind: `${kindVersion.kind}/${kindVersion.version}`,
    })),
    timestamps: bundle.timestamps.length,
  };
}
