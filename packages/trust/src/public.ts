import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord, messageOf, MlsignError } from "@mlsign/core";
import { parseSigningConfig, type SigningConfig } from "./signing-config.ts";
import { parseTrustedRoot, type TrustedRoot } from "./trusted-root.ts";

export interface PublicOptions {
  /** Where TUF's metadata is kept between runs. */
  readonly cachePath: string;
  /** A mirror of the public instance, or of another one whose `rootPath` is given. */
  readonly mirrorUrl?: string;
  readonly rootPath?: string;
}

export const PUBLIC_OIDC_ISSUER = "https://oauth2.sigstore.dev/auth";

/**
 * The public instance's trusted root, by TUF. Where the network does not answer, the last root
 * that TUF verified, else the one that the library ships; `source` says which.
 *
 * @throws MlsignError `trusted-root-unavailable` where an instance of one's own has neither.
 */
export async function publicTrustedRoot(options: PublicOptions): Promise<TrustedRoot> {
  let cause: unknown;
  try {
    const text = await target(options, "trusted_root.json");
    return parseTrustedRoot(Buffer.from(text), `the root of ${mirrorOf(options)}, updated by TUF`);
  } catch (error) {
    cause = error;
  }
  const shipped = options.mirrorUrl === undefined ? await shippedRoot() : undefined;
  const cached = cachedTarget(options, "trusted_root.json");
  // The client fills an empty cache with what it ships.
  if (cached !== undefined && shipped?.equals(cached) !== true) {
    return parseTrustedRoot(
      cached,
      `the cached root of ${mirrorOf(options)} (no update: ${reason(cause)})`,
    );
  }
  if (shipped !== undefined) {
    return parseTrustedRoot(
      shipped,
      `the public root shipped with mlsign (no update: ${reason(cause)})`,
    );
  }
  throw unavailable(options, cause);
}

/** @throws MlsignError `trusted-root-unavailable` */
export async function publicSigningConfig(options: PublicOptions): Promise<SigningConfig> {
  try {
    const text = await target(options, SIGNING_CONFIG);
    return parseSigningConfig(
      Buffer.from(text),
      `the signing configuration of ${mirrorOf(options)}`,
    );
  } catch (cause) {
    throw unavailable(options, cause);
  }
}

async function target(options: PublicOptions, name: string): Promise<string> {
  const { initTUF } = await import("@sigstore/tuf");
  const client = await initTUF({
    mirrorURL: mirrorOf(options),
    cachePath: options.cachePath,
    ...(options.rootPath !== undefined && { rootPath: options.rootPath }),
    retry: { retries: 1 },
    timeout: 5000,
  });
  return client.getTarget(name);
}

/** What an earlier run of the TUF client verified and stored. */
function cachedTarget(options: PublicOptions, name: string): Buffer | undefined {
  const { host, pathname } = new URL(mirrorOf(options));
  const folder = encodeURIComponent(host + pathname.replace(/\/$/, ""));
  try {
    return readFileSync(join(options.cachePath, folder, "targets", name));
  } catch {
    return undefined;
  }
}

async function shippedRoot(): Promise<Buffer> {
  const { default: seeds } = await import("@sigstore/tuf/seeds.json", { with: { type: "json" } });
  const seed = (seeds as Record<string, unknown>)[DEFAULT_MIRROR];
  const targets = isRecord(seed) && isRecord(seed.targets) ? seed.targets : {};
  return Buffer.from(String(targets["trusted_root.json"]), "base64");
}

function mirrorOf(options: PublicOptions): string {
  return options.mirrorUrl ?? DEFAULT_MIRROR;
}

function reason(cause: unknown): string {
  return messageOf(cause).split("\n")[0] ?? "unknown";
}

function unavailable(options: PublicOptions, cause: unknown): MlsignError {
  return new MlsignError(
    "trusted-root-unavailable",
    `Cannot fetch trust metadata from ${mirrorOf(options)}: ${reason(cause)}`,
    { cause, hint: "give --trusted-root or --trust-config to work without the network" },
  );
}

const DEFAULT_MIRROR = "https://tuf-repo-cdn.sigstore.dev";
const SIGNING_CONFIG = "signing_config.v0.2.json";
