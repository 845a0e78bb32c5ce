import { createPublicKey, X509Certificate } from "node:crypto";
import { hexOf, isRecord, messageOf, MlsignError, parseJson, sha256 } from "@mlsign/core";
import { TrustedRoot as Root, type TransparencyLogInstance } from "@sigstore/protobuf-specs";

/** A trusted root as given. `sha256` names it in a verdict: a file has no expiry of its own. */
export interface TrustedRoot {
  readonly root: Root;
  readonly sha256: string;
  /** Where it came from, in words. */
  readonly source: string;
}

/**
 * Parses a `trusted_root.json` (v0.1, v0.2) and checks what the libraries assume: every log has a
 * key that parses and a start of validity, and every authority a chain of certificates.
 *
 * @throws MlsignError `trusted-root-invalid`
 */
export function parseTrustedRoot(data: Uint8Array, source: string): TrustedRoot {
  try {
    const json = parseJson(data, LIMITS);
    const mediaType = isRecord(json) ? json.mediaType : undefined;
    if (typeof mediaType !== "string" || !MEDIA_TYPE.test(mediaType)) {
      throw new Error(`its media type is ${JSON.stringify(mediaType)}`);
    }
    const root = checked(Root.fromJSON(json));
    return { root, sha256: hexOf(sha256(data)), source };
  } catch (cause) {
    throw new MlsignError("trusted-root-invalid", `Cannot read ${source}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checked(root: Root): Root {
  for (const log of [...root.tlogs, ...root.ctlogs]) {
    if (log.publicKey?.rawBytes === undefined) throw new Error("a log has no public key");
    const { rawBytes: key, keyDetails } = log.publicKey;
    if (!key.length || log.logId?.keyId === undefined) throw new Error("a log has no key or id");
    if (!PKCS1_DETAILS.has(keyDetails)) createPublicKey({ key, format: "der", type: "spki" });
  }
  if (root.tlogs.some((log) => log.publicKey?.validFor?.start === undefined)) {
    throw new Error("a transparency log has no start of validity");
  }
  for (const authority of [...root.certificateAuthorities, ...root.timestampAuthorities]) {
    const chain = authority.certChain?.certificates ?? [];
    if (chain.length === 0) throw new Error("an authority has no chain");
    for (const { rawBytes } of chain) {
      if (!new X509Certificate(rawBytes).raw.equals(rawBytes))
        throw new Error("a chain is not DER");
    }
  }
  return { ...root, tlogs: root.tlogs.map(normalised), ctlogs: root.ctlogs.map(normalised) };
}

/**
 * The library looks a log up by `checkpointKeyId` where there is one, but entries carry the whole
 * `logId`; a root that follows the protobuf's advice (4 bytes) would then match no entry.
 */
function normalised(log: TransparencyLogInstance): TransparencyLogInstance {
  const { publicKey } = log;
  const misread = publicKey?.rawBytes && MISREAD_DETAILS.has(publicKey.keyDetails);
  return {
    ...log,
    checkpointKeyId: undefined,
    publicKey: misread ? { ...publicKey, rawBytes: pkcs1Of(publicKey.rawBytes) } : publicKey,
  };
}

function pkcs1Of(key: Buffer | undefined): Buffer {
  const spki = createPublicKey({ key: key ?? Buffer.alloc(0), format: "der", type: "spki" });
  return spki.export({ format: "der", type: "pkcs1" });
}

const LIMITS = { maxBytes: 16 * 1024 * 1024, maxDepth: 32 };
const MEDIA_TYPE =
  /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;
/** PublicKeyDetails of keys that are PKCS #1, not SubjectPublicKeyInfo. */
const PKCS1_DETAILS: ReadonlySet<number> = new Set([1, 2]);
/** RSA keys that are SubjectPublicKeyInfo, and that the library reads as PKCS #1. */
const MISREAD_DETAILS: ReadonlySet<number> = new Set([3, 9, 10, 11]);
