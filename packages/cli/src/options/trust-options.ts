import { createPublicKey } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import type { TrustedRoot } from "@mlsign/trust";
import type { IdentityRule, Trust } from "@mlsign/verify";
import type { Command } from "commander";
import type { Host } from "../host.ts";

/** Whom to trust, as flags say it. */
export interface TrustFlags {
  readonly key?: string;
  readonly certificateChain?: readonly string[];
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly trustedRoot?: string;
  readonly trustConfig?: string;
}

/** Trust, and the root that witnesses are checked against, for the report. */
export interface ResolvedTrust {
  readonly trust: Trust;
  readonly root: TrustedRoot | undefined;
}

export function addTrustOptions(command: Command): Command {
  return command
    .option("--key <pub>", "trust this public key (PEM)")
    .option(
      "--certificate-chain <roots>",
      "trust certificates issued by these authorities (repeatable)",
      collect,
    )
    .option(
      "--certificate-identity <id>",
      "trust this identity: an e-mail address or a URI, exactly",
    )
    .option("--certificate-identity-regexp <re>", "trust identities that match as a whole")
    .option("--certificate-oidc-issuer <url>", "who must vouch for the identity, exactly")
    .option("--trusted-root <file>", "a trusted_root.json, for private instances or offline use")
    .option("--trust-config <file>", "a ClientTrustConfig, instead of --trusted-root");
}

/**
 * The caller's trust, `undefined` where nobody was named.
 *
 * @throws MlsignError `usage`, `key-invalid` or `trusted-root-invalid`
 */
export async function resolveTrust(
  flags: TrustFlags,
  host: Host,
  needsRoot: boolean,
): Promise<ResolvedTrust | undefined> {
  const method = methodOf(flags);
  if (method === undefined) return undefined;
  const given = await trustedRootOf(flags, host);
  if (method === "key") {
    const root = given ?? (needsRoot ? await publicRoot(host) : undefined);
    return {
      trust: { method, key: readPublicKey(flags.key ?? "", host), ...optionalRoot(root) },
      root,
    };
  }
  if (method === "certificate") {
    const { parseCertificates } = await import("@mlsign/x509");
    const root = given ?? (needsRoot ? await publicRoot(host) : undefined);
    const files = flags.certificateChain ?? [];
    const anchors = files.flatMap((file) => {
      const found = parseCertificates(readFile(file, host));
      if (found.length > 0) return found;
      throw new MlsignError("usage", `Cannot trust ${printable(file)}: no certificate in it`);
    });
    const identity = identityOf(flags);
    return {
      trust: { method, anchors, ...(identity && { identity }), ...optionalRoot(root) },
      root,
    };
  }
  const identity = identityOf(flags);
  const issuer = flags.certificateOidcIssuer;
  if (identity === undefined || issuer === undefined) {
    throw new MlsignError(
      "usage",
      "Cannot trust an identity without its issuer, nor an issuer alone",
      {
        hint: "give both --certificate-identity and --certificate-oidc-issuer",
      },
    );
  }
  const root = given ?? (await publicRoot(host));
  return { trust: { method, trustedRoot: root.root, identity: { ...identity, issuer } }, root };
}

/** @throws MlsignError `usage` where there is no such file. */
export function readFile(file: string, host: Host, maxBytes: number = MOST_BYTES): Buffer {
  const data = readBounded(resolve(host.cwd, file), maxBytes);
  if (data === undefined)
    throw new MlsignError("usage", `Cannot find ${printable(file)}: no such file`);
  return data;
}

/** The root of the flags; where it is needed and none is given, the public one. */
export async function rootOfFlags(
  flags: Pick<TrustFlags, "trustedRoot" | "trustConfig">,
  host: Host,
  needed: boolean,
): Promise<TrustedRoot | undefined> {
  return (await trustedRootOf(flags, host)) ?? (needed ? publicRoot(host) : undefined);
}

async function trustedRootOf(flags: TrustFlags, host: Host): Promise<TrustedRoot | undefined> {
  if (flags.trustedRoot !== undefined && flags.trustConfig !== undefined) {
    throw new MlsignError("usage", "Cannot use --trusted-root and --trust-config together");
  }
  if (flags.trustedRoot !== undefined) {
    const { parseTrustedRoot } = await import("@mlsign/trust");
    return parseTrustedRoot(readFile(flags.trustedRoot, host), flags.trustedRoot);
  }
  if (flags.trustConfig === undefined) return undefined;
  const { parseTrustConfig } = await import("@mlsign/trust");
  return parseTrustConfig(readFile(flags.trustConfig, host), flags.trustConfig).trustedRoot;
}

export async function publicRoot(host: Host): Promise<TrustedRoot> {
  const { publicTrustedRoot } = await import("@mlsign/trust");
  return publicTrustedRoot({ cachePath: cachePath(host) });
}

export function cachePath(host: Host): string {
  return join(
    host.env.XDG_CACHE_HOME || join(host.env.HOME ?? homedir(), ".cache"),
    "mlsign",
    "tuf",
  );
}

export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function methodOf(flags: TrustFlags): Trust["method"] | undefined {
  const identity =
    flags.certificateIdentity !== undefined ||
    flags.certificateIdentityRegexp !== undefined ||
    flags.certificateOidcIssuer !== undefined;
  if (flags.key !== undefined) {
    if (flags.certificateChain === undefined && !identity) return "key";
    throw new MlsignError("usage", "Cannot trust a key and certificates together", {
      hint: "--key, --certificate-chain and --certificate-identity exclude each other",
    });
  }
  if (flags.certificateChain !== undefined) return "certificate";
  return identity ? "keyless" : undefined;
}

function identityOf(flags: TrustFlags): IdentityRule | undefined {
  const { certificateIdentity: exact, certificateIdentityRegexp: pattern } = flags;
  if (exact !== undefined && pattern !== undefined) {
    throw new MlsignError("usage", "Cannot use --certificate-identity and its -regexp together");
  }
  const issuer = flags.certificateOidcIssuer;
  const rest = issuer === undefined ? {} : { issuer };
  if (exact !== undefined) return { identity: { exact }, ...rest };
  if (pattern === undefined) return undefined;
  try {
    // Alone: `a)|(?:b` is none, though it would be one between the brackets that anchor it.
    new RegExp(pattern, "u");
  } catch (cause) {
    throw new MlsignError(
      "usage",
      "Cannot use --certificate-identity-regexp: not a regular expression",
      {
        cause,
      },
    );
  }
  return { identity: { pattern }, ...rest };
}

function readPublicKey(file: string, host: Host): ReturnType<typeof createPublicKey> {
  const pem = readFile(file, host).toString("latin1");
  const block = /-----BEGIN (?:RSA )?PUBLIC KEY-----[^-]*-----END (?:RSA )?PUBLIC KEY-----/.exec(
    pem,
  )?.[0];
  if (block === undefined) {
    const secret = pem.includes("PRIVATE KEY-----");
    throw new MlsignError(
      "key-invalid",
      `Cannot read key ${printable(file)}: no PEM public key in it`,
      {
        ...(secret && { hint: "this is a private key: verifying wants the .pub beside it" }),
      },
    );
  }
  try {
    return createPublicKey(block);
  } catch {
    throw new MlsignError("key-invalid", `Cannot read key ${printable(file)}: malformed`);
  }
}

function optionalRoot(root: TrustedRoot | undefined): { trustedRoot?: TrustedRoot["root"] } {
  return root === undefined ? {} : { trustedRoot: root.root };
}

const MOST_BYTES = 16 * 1024 * 1024;
