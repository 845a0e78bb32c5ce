import { isRecord, type JsonValue, MlsignError, parseJson } from "@mlsign/core";
import { readSigningConfig, type SigningConfig } from "./signing-config.ts";
import { parseTrustedRoot, type TrustedRoot } from "./trusted-root.ts";

/** Both sides of a private instance in one file (ClientTrustConfig v0.1). */
export interface TrustConfig {
  readonly trustedRoot: TrustedRoot;
  readonly signingConfig: SigningConfig | undefined;
}

/**
 * Parses a ClientTrustConfig; `signing_config`, as other tools write it, is read too.
 *
 * @throws MlsignError `trusted-root-invalid`
 */
export function parseTrustConfig(data: Uint8Array, source: string): TrustConfig {
  const json = parseJson(data, { maxBytes: 16 * 1024 * 1024, maxDepth: 32 });
  if (!isRecord(json) || !isRecord(json.trustedRoot)) {
    throw new MlsignError("trusted-root-invalid", `Cannot read ${source}: it has no trustedRoot`);
  }
  const signing = (json.signingConfig ?? json.signing_config) as JsonValue | undefined;
  return {
    trustedRoot: parseTrustedRoot(Buffer.from(JSON.stringify(json.trustedRoot)), source),
    signingConfig: signing === undefined ? undefined : readSigningConfig(signing, source),
  };
}
