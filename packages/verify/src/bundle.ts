import type { KeyObject } from "node:crypto";
import {
  type Bundle,
  type KeyUse,
  namesKey,
  type SignatureAlgorithm,
  suitableKey,
} from "@mlsign/bundle";
import { type Finding, finding, messageOf, MlsignError, printable } from "@mlsign/core";
import type * as X509 from "@mlsign/x509";
import type { Certificate } from "@mlsign/x509";
import { type SignedContent, signedContent } from "./signed-content.ts";
import type { EstablishedTime, Trust } from "./trust.ts";

export interface BundleOptions {
  readonly now: Date;
  readonly use: KeyUse;
  /** Bundles of v0.1, whose log entries need no proof of inclusion, are refused otherwise. */
  readonly acceptV01?: boolean;
  readonly requireLog?: boolean;
  readonly requireTimestamp?: boolean;
}

/** What a bundle's signature proves. `payload` is there only where the signature is valid. */
export interface BundleResult {
  readonly findings: readonly Finding[];
  readonly certificate: Certificate | undefined;
  readonly times: readonly EstablishedTime[];
  readonly legacy: readonly string[];
  readonly valid: boolean;
}

/**
 * Verifies a bundle's signature, signer and witnesses against whom the caller trusts; what was
 * signed is for the caller to read. Never uses the network, never throws for what a bundle holds.
 */
export async function verifyBundle(
  bundle: Bundle,
  trust: Trust,
  options: BundleOptions,
): Promise<BundleResult> {
  const kind = trust.method === "key" ? "publicKey" : "certificate";
  if (bundle.material.kind !== kind) return mismatch(bundle, trust);
  const state = new State(bundle, trust, options);
  state.checkForm();
  if (trust.method === "key") await state.checkKey(trust.key);
  else await state.checkCertificate(trust);
  state.checkRequired();
  return state;
}

function mismatch(bundle: Bundle, trust: Trust): BundleResult {
  const found = bundle.material.kind === "publicKey" ? "a key" : "a certificate";
  const wanted = { key: "a key", certificate: "a certificate chain", keyless: "an identity" };
  const message = `signed with ${found}, but ${wanted[trust.method]} is what was trusted`;
  const findings = [finding("method-match", "fail", message)];
  return { findings, certificate: undefined, times: [], legacy: [], valid: false };
}

class State implements BundleResult {
  readonly findings: Finding[] = [];
  readonly legacy: string[];
  certificate: Certificate | undefined;
  times: readonly EstablishedTime[] = [];
  valid = false;
  readonly #bundle: Bundle;
  readonly #trust: Trust;
  readonly #options: BundleOptions;
  readonly #content: SignedContent;
  #entries = 0;
  #timestamps = 0;

  constructor(bundle: Bundle, trust: Trust, options: BundleOptions) {
    this.#bundle = bundle;
    this.#trust = trust;
    this.#options = options;
    this.#content = signedContent(bundle, options.use);
    this.legacy = [...bundle.legacy];
  }

  /** sigstore.md 5.1 and 5.3; the chain in a v0.3 bundle is how OMS writes certificates. */
  checkForm(): void {
    const { version, material } = this.#bundle;
    const chain = material.kind === "certificate" && material.form === "x509CertificateChain";
    const fault =
      version === "0.1" && !this.#options.acceptV01
        ? "bundles of v0.1 do not prove that they were logged"
        : version === "0.3" && chain && this.#trust.method === "keyless"
          ? "a v0.3 bundle of an identity holds a certificate, not a chain"
          : undefined;
    if (fault === undefined) return;
    this.findings.push(finding("bundle-form", "fail", fault, { fix: "have it signed again" }));
  }

  async checkKey(key: KeyObject): Promise<void> {
    this.#checkHint(key);
    const algorithm = this.#suitable(key);
    if (algorithm === undefined) return;
    await this.#checkSignature(key, algorithm);
    await this.#checkWitnesses(key, algorithm);
  }

  async checkCertificate(trust: Exclude<Trust, { method: "key" }>): Promise<void> {
    const x509 = await import("@mlsign/x509");
    const { material } = this.#bundle;
    if (material.kind !== "certificate") return;
    try {
      const [leaf, ...rest] = material.certificates.map((der) => x509.parseCertificate(der));
      if (leaf === undefined) return;
      this.certificate = leaf;
      const algorithm = this.#suitable(leaf.publicKey);
      if (algorithm === undefined) return;
      await this.#checkSignature(leaf.publicKey, algorithm);
      await this.#checkWitnesses(leaf.publicKey, algorithm, leaf);
      this.#checkPurpose(x509.purposeFault(leaf, x509.CODE_SIGNING));
      if (trust.method === "keyless") await this.#checkFulcio(leaf, trust);
      else this.#checkPath(x509, leaf, rest, trust.anchors);
      if (trust.identity !== undefined) {
        const { checkIdentity } = await import("./identity.ts");
        this.findings.push(...checkIdentity(leaf, trust.identity));
      }
    } catch (error) {
      if (!(error instanceof MlsignError) || error.category !== "refused") throw error;
      this.findings.push(finding("bundle-form", "fail", error.message));
    }
  }

  checkRequired(): void {
    const { requireLog, requireTimestamp } = this.#options;
    const keyless = this.#trust.method === "keyless";
    if ((requireLog || keyless) && this.#entries === 0) {
      this.findings.push(finding("log-entry", "fail", "no transparency log entry was verified"));
    }
    if (requireTimestamp && this.#timestamps === 0) {
      this.findings.push(finding("timestamp-valid", "fail", "no trusted timestamp was verified"));
    }
    if (keyless || this.#entries + this.#timestamps > 0) return;
    const unchecked = this.#bundle.tlogEntries.length + this.#bundle.timestamps.length;
    const message =
      unchecked === 0
        ? "no log entry or timestamp: only the signer's word says when this was signed"
        : "the log entries and timestamps were not checked: no trusted root was given";
    this.findings.push(
      finding("no-transparency", "fail", message, {
        severity: "warning",
        fix: "sign with --signing-config, or verify with --trusted-root, and --require-log",
      }),
    );
  }

  #suitable(key: KeyObject): SignatureAlgorithm | undefined {
    try {
      return suitableKey(key, this.#options.use, "verify");
    } catch (error) {
      this.findings.push(finding("key-suitable", "fail", messageOf(error)));
      return undefined;
    }
  }

  #checkHint(key: KeyObject): void {
    const { material, content } = this.#bundle;
    const hint = material.kind === "publicKey" ? material.hint : undefined;
    const keyid = content.kind === "dsse" ? content.keyid : undefined;
    if (hint !== undefined && keyid && keyid !== hint) {
      this.findings.push(
        finding("key-hint", "fail", "the bundle's hint and the envelope's keyid differ"),
      );
    }
    for (const name of new Set([hint, keyid])) {
      if (!name) continue;
      const named = namesKey(name, key);
      if (named === "yes") continue;
      const message = `the bundle names the key "${printable(name)}", which is not the trusted one`;
      this.findings.push(
        named === "no"
          ? finding("key-hint", "fail", message)
          : finding("key-hint", "fail", `${message}'s fingerprint`, { severity: "warning" }),
      );
    }
  }

  async #checkSignature(key: KeyObject, algorithm: SignatureAlgorithm): Promise<void> {
    const result = await this.#content.verify(key, algorithm);
    this.valid = result !== "invalid";
    if (result === "legacy") this.legacy.push("the signature encoding of model_signing 0.2");
    this.findings.push(
      this.valid
        ? finding("signature-valid", "pass", `signature valid (${algorithm.name})`)
        : finding(
            "signature-valid",
            "fail",
            `the signature is not by this key over these bytes (${algorithm.name})`,
          ),
    );
  }

  async #checkWitnesses(
    key: KeyObject,
    algorithm: SignatureAlgorithm,
    leaf?: Certificate,
  ): Promise<void> {
    const root = this.#trust.trustedRoot;
    const { tlogEntries, timestamps } = this.#bundle;
    if (root === undefined || tlogEntries.length + timestamps.length === 0) return;
    const { checkWitnesses } = await import("./witnesses.ts");
    const signer = { key, algorithm, ...(leaf && { certificate: leaf.der }) };
    const witnesses = await checkWitnesses(
      this.#bundle,
      this.#content,
      signer,
      root,
      this.#options.now,
    );
    this.findings.push(...witnesses.findings);
    this.times = witnesses.times;
    this.#entries = witnesses.entries;
    this.#timestamps = witnesses.timestamps;
  }

  #checkPurpose(fault: string | undefined): void {
    this.findings.push(
      fault === undefined
        ? finding("certificate-purpose", "pass", "the certificate is for signing code")
        : finding("certificate-purpose", "fail", `the certificate must not sign models: ${fault}`),
    );
  }

  async #checkFulcio(
    leaf: Certificate,
    trust: Extract<Trust, { method: "keyless" }>,
  ): Promise<void> {
    if (this.times.length === 0) {
      this.findings.push(
        finding("certificate-time", "fail", "nothing trusted says when the signature was made"),
      );
      return;
    }
    if (leaf.names.length !== 1) {
      this.findings.push(
        finding(
          "certificate-purpose",
          "fail",
          `the certificate has ${leaf.names.length} names, not one`,
        ),
      );
    }
    const { checkFulcio } = await import("./authority.ts");
    this.findings.push(...(await checkFulcio(leaf, this.times, trust.trustedRoot)));
  }

  #checkPath(
    x509: typeof X509,
    leaf: Certificate,
    untrusted: readonly Certificate[],
    anchors: readonly Certificate[],
  ): void {
    // Without a trusted time the signature may be from any time, so now decides.
    const at = this.times.length > 0 ? this.times.map((time) => time.at) : [this.#options.now];
    const result = x509.certificatePath(leaf, { untrusted, anchors, at });
    if (!("fault" in result)) {
      this.findings.push(finding("certificate-chain", "pass", "issued by a trusted authority"));
    } else if (result.expired) {
      this.findings.push(
        finding("certificate-time", "fail", `the certificate was not valid: ${result.fault}`, {
          ...(this.times.length === 0 && {
            fix: "sign with a timestamp authority, so that a certificate may expire later",
          }),
        }),
      );
    } else {
      this.findings.push(
        finding("certificate-chain", "fail", `the certificate is not trusted: ${result.fault}`),
      );
    }
  }
}
