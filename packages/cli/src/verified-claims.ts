import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { decide, type Finding, MlsignError, printable } from "@mlsign/core";
import { type ModelIdentity, readClaims, type VerifiedClaim, verifyClaims } from "@mlsign/evidence";
import type { Host } from "./host.ts";
import { nameBelow } from "./name-below.ts";
import { resolveTrust, type ResolvedTrust, type TrustFlags } from "./trust-options.ts";

/** @throws MlsignError `trust-missing` where nobody was named, and as `resolveTrust` */
export async function requireTrust(flags: TrustFlags, host: Host): Promise<ResolvedTrust> {
  const resolved = await resolveTrust(flags, host, false);
  if (resolved !== undefined) return resolved;
  throw new MlsignError("trust-missing", "Cannot verify: nobody was named to trust", {
    hint: "give --key, --certificate-chain, or --certificate-identity with --certificate-oidc-issuer",
  });
}

/** Every line of these claims files, verified against a model and the caller's trust. */
export async function verifiedClaims(
  files: readonly string[],
  model: ModelIdentity,
  resolved: ResolvedTrust,
  host: Host,
): Promise<VerifiedClaim[]> {
  const lines = readClaims(files).map((line) => ({
    ...line,
    file: nameBelow(host.cwd, line.file) ?? line.file,
  }));
  return verifyClaims(lines, model, {
    now: host.clock(),
    trust: resolved.trust,
    manifestVerified: model.rootOnly ?? false,
  });
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
