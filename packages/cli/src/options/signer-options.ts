import type { KeyUse } from "@mlsign/bundle";
import { MlsignError, printable } from "@mlsign/core";
import type { IdentityToken, Signer, Witness } from "@mlsign/sign";
import type { Service, SigningConfig, TrustedRoot } from "@mlsign/trust";
import type { Command } from "commander";
import type { Host } from "../host.ts";
import { passphraseFor } from "../terminal/passphrase.ts";
import { identityToken } from "./identity.ts";
import { cachePath, collect, publicRoot, readFile } from "./trust-options.ts";

/** Who signs, as flags say it. */
export interface SignerFlags {
  readonly key?: string;
  readonly certificate?: string;
  readonly certificateChain?: readonly string[];
  readonly identityToken?: string;
  readonly trustConfig?: string;
  readonly signingConfig?: string;
  readonly trustedRoot?: string;
  readonly pasteCode?: boolean;
  readonly yes?: boolean;
}

export interface ResolvedSigner {
  readonly signer: Signer;
  readonly witnesses: readonly Witness[];
  readonly method: "key" | "certificate" | "keyless";
  /** What a new signature is checked against before it is written. */
  readonly root: TrustedRoot | undefined;
  /** Logs that receive the whole payload. */
  readonly logsPayload: boolean;
}

export function addSignerOptions(command: Command): Command {
  return command
    .option("--key <key>", "sign with a key: a PEM file, env:NAME, pkcs11:URI or exec:PROGRAM")
    .option("--certificate <file>", "the key's certificate (PEM)")
    .option(
      "--certificate-chain <file>",
      "certificates of its issuers, in order (repeatable)",
      collect,
    )
    .option("--identity-token <token>", "keyless: an OpenID Connect token, or @FILE that holds one")
    .option(
      "--trust-config <file>",
      "a private instance's ClientTrustConfig: where to sign, whom to trust",
    )
    .option("--signing-config <file>", "where to sign (SigningConfig v0.2)")
    .option("--trusted-root <file>", "check the new signature against this trusted_root.json")
    .option("--paste-code", "keyless: log in with a code to paste, without a local browser")
    .option("--yes", "keyless: agree to the identity being in a public log for ever");
}

/**
 * Makes the signer that the flags ask for. What can be wrong with a key, a certificate or a token
 * is found here, before a byte of the model is read.
 *
 * @throws MlsignError
 */
export async function resolveSigner(
  flags: SignerFlags,
  host: Host,
  use: KeyUse,
): Promise<ResolvedSigner> {
  checkCombination(flags);
  const { config, root } = await servicesOf(flags, host);
  if (flags.key !== undefined) {
    const signer = await keyed(flags.key, host, use);
    const services = config === undefined ? NO_WITNESSES : await witnessesOf(config, host);
    if (flags.certificate === undefined) return { signer, method: "key", root, ...services };
    return {
      signer: await certified(signer, flags, host),
      method: "certificate",
      root,
      ...services,
    };
  }
  return keyless(flags, host, config, root);
}

async function keyless(
  flags: SignerFlags,
  host: Host,
  given: SigningConfig | undefined,
  givenRoot: TrustedRoot | undefined,
): Promise<ResolvedSigner> {
  const token = await identityToken(flags, host, given);
  const { publicSigningConfig, servicesAt } = await import("@mlsign/trust");
  const config = given ?? (await publicSigningConfig({ cachePath: cachePath(host) }));
  const { fulcio } = servicesAt(config, host.clock());
  if (fulcio === undefined) throw lacking("certificate authority (caUrls)");
  const services = await witnessesOf(config, host);
  if (services.witnesses.length === 0) throw lacking("log or timestamp authority");
  const { fulcioSigner } = await import("@mlsign/sign");
  const root = givenRoot ?? (given === undefined ? await publicRoot(host) : undefined);
  const once = memo(token);
  return {
    signer: fulcioSigner({ url: fulcio.url, token: once }),
    method: "keyless",
    root,
    ...services,
  };
}

async function servicesOf(
  flags: SignerFlags,
  host: Host,
): Promise<{ config: SigningConfig | undefined; root: TrustedRoot | undefined }> {
  const trust = await import("@mlsign/trust");
  let config: SigningConfig | undefined;
  let root: TrustedRoot | undefined;
  if (flags.trustConfig !== undefined) {
    const both = trust.parseTrustConfig(readFile(flags.trustConfig, host), flags.trustConfig);
    config = both.signingConfig;
    root = both.trustedRoot;
  }
  if (flags.signingConfig !== undefined) {
    config = trust.parseSigningConfig(readFile(flags.signingConfig, host), flags.signingConfig);
  }
  if (flags.trustedRoot !== undefined) {
    root = trust.parseTrustedRoot(readFile(flags.trustedRoot, host), flags.trustedRoot);
  }
  return { config, root };
}

async function witnessesOf(
  config: SigningConfig,
  host: Host,
): Promise<{ witnesses: Witness[]; logsPayload: boolean }> {
  const [{ servicesAt }, sign] = await Promise.all([
    import("@mlsign/trust"),
    import("@mlsign/sign"),
  ]);
  const { rekor, tsa } = servicesAt(config, host.clock());
  if (tsa.length === 0 && rekor.length > 0 && rekor.every((log) => log.apiVersion === 2)) {
    throw lacking("timestamp authority (tsaUrls), which Rekor v2 needs");
  }
  const log = (service: Service): Witness =>
    service.apiVersion === 2 ? sign.rekorV2Witness(service.url) : sign.rekorV1Witness(service.url);
  // Timestamps first: where an authority fails, nothing has been logged yet.
  const witnesses = [...tsa.map(({ url }) => sign.timestampWitness(url)), ...rekor.map(log)];
  return { witnesses, logsPayload: rekor.some(({ apiVersion }) => apiVersion === 1) };
}

async function keyed(key: string, host: Host, use: KeyUse): Promise<Signer> {
  const sign = await import("@mlsign/sign");
  if (key.startsWith("exec:")) return sign.execSigner(key.slice("exec:".length), { use });
  if (key.startsWith("pkcs11:")) {
    return sign.pkcs11Signer(key, use, () => passphraseFor("the PKCS #11 token (PIN)", host));
  }
  const variable = /^env:(.+)$/.exec(key)?.[1];
  const pem = variable === undefined ? readFile(key, host).toString("latin1") : host.env[variable];
  if (pem === undefined) throw new MlsignError("usage", `Cannot find key: ${variable} is not set`);
  const source = variable === undefined ? printable(key) : `in ${variable}`;
  const privateKey = await sign.loadPrivateKey(pem, source, () =>
    passphraseFor(`key ${source}`, host),
  );
  return sign.keySigner(privateKey, use);
}

async function certified(signer: Signer, flags: SignerFlags, host: Host): Promise<Signer> {
  const [{ certificateSigner }, { parseCertificates }] = await Promise.all([
    import("@mlsign/sign"),
    import("@mlsign/x509"),
  ]);
  const files = [flags.certificate ?? "", ...(flags.certificateChain ?? [])];
  const certificates = files.flatMap((file) => parseCertificates(readFile(file, host)));
  return certificateSigner(signer, certificates, host.clock());
}

function checkCombination(flags: SignerFlags): void {
  if (flags.key !== undefined && flags.identityToken !== undefined) {
    throw new MlsignError("usage", "Cannot sign with a key and an identity token together");
  }
  if (flags.key === undefined && (flags.certificate ?? flags.certificateChain) !== undefined) {
    throw new MlsignError("usage", "Cannot sign with a certificate without its key", {
      hint: "give --key as well",
    });
  }
  if (flags.certificateChain !== undefined && flags.certificate === undefined) {
    throw new MlsignError("usage", "Cannot use --certificate-chain without --certificate", {
      hint: "--certificate names the signing key's own certificate",
    });
  }
}

function memo(token: () => Promise<IdentityToken>): () => Promise<IdentityToken> {
  let value: Promise<IdentityToken> | undefined;
  return () => (value ??= token());
}

function lacking(what: string): MlsignError {
  return new MlsignError(
    "trusted-root-invalid",
    `Cannot sign: the signing configuration has no ${what}`,
  );
}

const NO_WITNESSES = { witnesses: [], logsPayload: false };
