import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { decide, type Finding, MlsignError, printable } from "@mlsign/core";
import { type ModelIdentity, readClaims, type VerifiedClaim, verifyClaims } from "@mlsign/evidence";
import { verifyModel } from "@mlsign/verify";
import type { Host } from "../host.ts";
import { nameHere } from "../model/brought-model.ts";
import { type ModelLocation, signatureBytes } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import { resolveTrust, type ResolvedTrust, type TrustFlags } from "../options/trust-options.ts";

/** @throws MlsignError `trust-missing` where nobody was named, and as `resolveTrust` */
export async function requireTrust(flags: TrustFlags, host: Host): Promise<ResolvedTrust> {
  const resolved = await resolveTrust(flags, host, false);
  if (resolved !== undefined) return resolved;
  throw new MlsignError("trust-missing", "Cannot verify: nobody was named to trust", {
    hint: "give --key, --certificate-chain, or --certificate-identity with --certificate-oidc-issuer",
  });
}

/**
 * Every line of these claims files, verified against a model and the caller's trust. Where one binds
 * no names (another tool's), the signature of the model that lies at `location` is verified too:
 * its manifest binds them.
 */
export async function verifiedClaims(
  files: readonly string[],
  model: ModelIdentity,
  resolved: ResolvedTrust,
  host: Host,
  location?: ModelLocation,
): Promise<VerifiedClaim[]> {
  const lines = readClaims(files).map((line) => ({
    ...line,
    file: nameHere(line.file, host) ?? line.file,
  }));
  const options = { now: host.clock(), trust: resolved.trust };
  const manifestVerified = model.rootOnly ?? false;
  const claims = await verifyClaims(lines, model, { ...options, manifestVerified });
  if (location === undefined || !claims.some(isUnbound)) return claims;
  const signed = await isSigned(location, resolved, host);
  return signed ? verifyClaims(lines, model, { ...options, manifestVerified: true }) : claims;
}

/** Whether the model's own signature is by whom the caller trusts, over each name and byte. */
async function isSigned(
  location: ModelLocation,
  { trust }: ResolvedTrust,
  host: Host,
): Promise<boolean> {
  const data = signatureBytes(location);
  if (data === undefined) return false;
  try {
    const result = await verifyModel(modelSource(location, false), parseBundle(data), trust, {
      now: host.clock(),
      ownNames: location.ownNames,
      refuseSignerIgnores: true,
    });
    return decide(result.findings) === "accepted";
  } catch (error) {
    // No signature that could bind names: the claims stay as they are.
    if (error instanceof MlsignError && error.category === "refused") return false;
    throw error;
  }
}

/** Claims files that the caller named. @throws MlsignError `usage` where one is not there */
export function namedClaims(files: readonly string[], host: Host): string[] {
  return files.map((file) => {
    const path = resolve(host.cwd, file);
    if (existsSync(path)) return path;
    throw new MlsignError("usage", `Cannot find ${printable(file)}: no such file`);
  });
}

/** By a trusted signer about the model's root, and yet not counted: it binds no names. */
export function isUnbound({ status, result }: VerifiedClaim): boolean {
  return status === "unbound" && result !== undefined && decide(result.findings) === "accepted";
}

/** Lines that cannot be read: whatever else stands there, they are told. */
export function damagedLines(claims: readonly VerifiedClaim[]): Finding[] {
  return claims.filter(({ status }) => status === "damaged").flatMap(({ findings }) => findings);
}

/** The same findings where they no longer decide: another claim of the kind has. */
export function asWarnings(findings: readonly Finding[]): Finding[] {
  return findings.map((found) =>
    found.outcome === "pass" || found.severity === "note"
      ? found
      : { ...found, outcome: "fail", severity: "warning" },
  );
}
