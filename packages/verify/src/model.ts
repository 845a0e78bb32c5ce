import {
  type Bundle,
  IN_TOTO,
  MODEL_SIGNATURE,
  MODEL_SIGNATURE_LEGACY,
  readStatement,
} from "@mlsign/bundle";
import {
  type Finding,
  finding,
  type JsonValue,
  messageOf,
  MlsignError,
  type OnProgress,
  parseJson,
  printable,
} from "@mlsign/core";
import {
  type Listing,
  type Manifest,
  readModelStatement,
  type SignedManifest,
  type TreeSource,
} from "@mlsign/manifest";
import { type BundleResult, verifyBundle } from "./bundle.ts";
import { checkFiles } from "./files.ts";
import type { Trust } from "./trust.ts";

export interface ModelOptions {
  readonly now: Date;
  /** Names to leave out beyond the signer's own, relative to the model. */
  readonly ignorePaths?: readonly string[];
  /** mlsign's files in the model: left out without a finding. */
  readonly ownNames?: readonly string[];
  /** Look at the signed files only, whatever else is there. */
  readonly ignoreUnsignedFiles?: boolean;
  /** Whether files that the signer left out are refused unless `ignorePaths` names them. */
  readonly refuseSignerIgnores?: boolean;
  /** Whether forms of earlier releases are refused. */
  readonly refuseLegacy?: boolean;
  readonly requireLog?: boolean;
  readonly requireTimestamp?: boolean;
  /** A new, empty directory that receives each byte as it is hashed. */
  readonly into?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** All that was found out about a model and its signature, in one run. */
export interface ModelResult extends BundleResult {
  readonly signed: SignedManifest | undefined;
  readonly listing: Listing | undefined;
  readonly manifest: Manifest | undefined;
}

/**
 * Verifies a model against its OMS signature: signer and witnesses, then the signed list, then
 * names and sizes, and only then bytes. Faults of the signature do not hide those of the files.
 *
 * @throws MlsignError where the model cannot be read, never for what the bundle holds.
 */
export async function verifyModel(
  source: TreeSource,
  bundle: Bundle,
  trust: Trust,
  options: ModelOptions,
): Promise<ModelResult> {
  const result = await verifyBundle(bundle, trust, { ...options, use: "model-signature" });
  const findings = [...result.findings];
  const signed = readSigned(bundle, findings);
  const legacy = [...result.legacy, ...(signed?.legacy ?? [])];
  const of = { certificate: result.certificate, times: result.times, legacy, valid: result.valid };
  checkLegacy(legacy, options.refuseLegacy ?? false, findings);
  if (signed === undefined)
    return { ...of, findings, signed, listing: undefined, manifest: undefined };
  const files = await checkFiles(source, signed, options);
  return { ...of, ...files, signed, findings: [...findings, ...files.findings] };
}

/** The signed list, from the payload's own bytes; every rule of the format is checked there. */
function readSigned(bundle: Bundle, findings: Finding[]): SignedManifest | undefined {
  const { content } = bundle;
  if (content.kind !== "dsse") {
    findings.push(
      finding("predicate-type", "fail", "a message signature signs one file, not this model", {
        fix: "sign the model with mlsign sign",
      }),
    );
    return undefined;
  }
  if (content.payloadType !== IN_TOTO) {
    const found = printable(content.payloadType);
    findings.push(
      finding("payload-type", "fail", `the envelope holds "${found}", not a statement`),
    );
    return undefined;
  }
  try {
    const { predicateType } = readStatement(content.payload);
    if (predicateType !== MODEL_SIGNATURE && predicateType !== MODEL_SIGNATURE_LEGACY) {
      const message = `a statement of type "${printable(predicateType)}" is no model signature`;
      findings.push(finding("predicate-type", "fail", message));
      return undefined;
    }
    const signed = readModelStatement(parseJson(content.payload));
    findings.push(
      finding("manifest-form", "pass", `well-formed list of digests: ${signed.resources.length}`),
    );
    checkRoot(signed, findings);
    return signed;
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    findings.push(finding("manifest-form", "fail", messageOf(error)));
    return undefined;
  }
}

function checkRoot(signed: SignedManifest, findings: Finding[]): void {
  const { declaredRoot: declared, computedRoot: computed } = signed;
  if (declared !== undefined) {
    const evidence: Record<string, JsonValue> = { declared, computed };
    findings.push(
      declared === computed
        ? finding("root-match", "pass", "the subject is the root of the signed digests", {
            evidence,
          })
        : finding("root-match", "fail", "the subject is not the root of the signed digests", {
            evidence,
          }),
    );
  }
  if (signed.specOrder) return;
  findings.push(
    finding("manifest-order", "fail", "the signed list is not in the specification's order", {
      severity: "note",
      fix: "other verifiers may refuse it: sign again with mlsign",
    }),
  );
}

function checkLegacy(legacy: readonly string[], refuse: boolean, findings: Finding[]): void {
  if (legacy.length === 0) return;
  findings.push(
    finding("bundle-legacy", "fail", `forms of earlier releases: ${legacy.join(", ")}`, {
      severity: refuse ? "error" : "note",
      ...(refuse && { fix: "sign again with a current release, or leave out --no-legacy" }),
    }),
  );
}
