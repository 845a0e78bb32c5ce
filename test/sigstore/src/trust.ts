import { X509Certificate } from "node:crypto";
import { type Clock, DAY, later, wholeSeconds } from "./clock.ts";
import type { CtLog } from "./ctlog.ts";
import type { Keys } from "./keys.ts";
import type { TransparencyLog } from "./log.ts";

export interface TimeRange {
  start?: string;
  end?: string;
}

/** `TransparencyLogInstance` as JSON. */
export interface LogInstance {
  baseUrl: string;
  hashAlgorithm: string;
  publicKey: { rawBytes: string; keyDetails: string; validFor: TimeRange };
  logId: { keyId: string };
}

/** `CertificateAuthority` as JSON. */
export interface AuthorityInstance {
  subject: { organization: string; commonName: string };
  uri: string;
  certChain: { certificates: { rawBytes: string }[] };
  validFor: TimeRange;
}

/** `TrustedRoot` as JSON: plain data, so that a test may change whatever it likes in a clone. */
export interface TrustedRootJson {
  mediaType: string;
  tlogs: LogInstance[];
  certificateAuthorities: AuthorityInstance[];
  ctlogs: LogInstance[];
  timestampAuthorities: AuthorityInstance[];
}

export interface SigningConfigJson {
  mediaType: string;
  caUrls: Service[];
  oidcUrls: Service[];
  rekorTlogUrls: Service[];
  rekorTlogConfig: { selector: string };
  tsaUrls: Service[];
  tsaConfig: { selector: string };
}

export interface ClientTrustConfigJson {
  mediaType: string;
  trustedRoot: TrustedRootJson;
  signingConfig: SigningConfigJson;
}

/** `Service` as JSON. */
export interface Service {
  url: string;
  majorApiVersion: number;
  validFor: TimeRange;
  operator: string;
}

/** Which services a signing config names. */
export interface SigningConfigOptions {
  readonly rekor?: 1 | 2 | "both" | "none";
  readonly tsa?: boolean;
}

/** Trust begins a month before the instance does, as its certificates do. */
export function trustStart(clock: Clock): TimeRange {
  return { start: later(wholeSeconds(clock()), -30 * DAY).toISOString() };
}

export function logInstance(log: TransparencyLog | CtLog, validFor: TimeRange): LogInstance {
  const host = "host" in log ? log.host : "ctlog.sigstore.test";
  return {
    baseUrl: `https://${host}`,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: log.keys.spki.toString("base64"),
      keyDetails: detailsOf(log.keys),
      validFor: { ...validFor },
    },
    logId: { keyId: ("id" in log ? log.id : log.keys.id).toString("base64") },
  };
}

/** A CA for a trusted root; `chain` is lowest first, the root last. */
export function authorityInstance(
  chain: readonly Buffer[],
  validFor: TimeRange,
  uri = "https://ca.sigstore.test",
): AuthorityInstance {
  const [lowest] = chain;
  const { subject = "" } = lowest === undefined ? {} : new X509Certificate(lowest);
  return {
    subject: { organization: "sigstore.test", commonName: /CN=(.*)/.exec(subject)?.[1] ?? "" },
    uri,
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString("base64") })) },
    validFor: { ...validFor },
  };
}

function detailsOf({ kind }: Keys): string {
  return kind === "ed25519" ? "PKIX_ED25519" : "PKIX_ECDSA_P256_SHA_256";
}

export const TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
export const SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
export const CLIENT_TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
