import {
  canonicalJson,
  decide,
  exitOfVerdict,
  type Finding,
  finding,
  type JsonValue,
  MlsignError,
  messageOf,
  parseJson,
  printable,
} from "@mlsign/core";
import type { VerifiedClaim } from "@mlsign/evidence";
import { LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import { type BomTruth, checkBom, readBom, SBOM_CLAIM_TYPE, validateBom } from "@mlsign/sbom";
import { type DependencyPolicyFlags, judgeLocks } from "../deps/lock-files.ts";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import {
  asWarnings,
  damagedLines,
  isUnbound,
  namedClaims,
  requireTrust,
  verifiedClaims,
} from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { readBomFile } from "./sbom-file.ts";
import { bomTruth, truthOfLineage } from "./sbom-truth.ts";

export interface VerifySbomOptions
  extends TrustFlags, ReportOptions, DependencyPolicyFlags, ClaimManifestOptions {
  readonly sbom?: string;
  readonly deps?: readonly string[];
  readonly claims?: readonly string[];
}

/**
 * Verifies the bills of materials that trusted signers signed for a model, each digest against the
 * model's bytes, the live lock files and the signed lineage.
 */
export async function verifySbom(
  model: string,
  options: VerifySbomOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const location = locateModel(model, host.cwd);
  const given = options.sbom === undefined ? undefined : readBomFile(options.sbom, host).bytes;
  const locks = options.deps === undefined ? undefined : judgeLocks(options.deps, options, host);
  const resolved = await requireTrust(options, host);
  const { manifest, listing } = await claimManifest(location, options, host);
  const { root, dirHash1 } = manifest;
  const files = options.claims ? namedClaims(options.claims, host) : claimsFiles(location);
  const claims = await verifiedClaims(
    files,
    { name: listing.name, root, dirHash1 },
    resolved,
    host,
    options.archive ? undefined : location,
  );
  const lineage = signedLineage(claims);
  const truth = bomTruth(manifest, { locks, lineage: lineage.truth });
  const findings = [
    ...damagedLines(claims),
    ...lineage.findings,
    // Whether all is pinned is for deps check; here counts whether the pins could be read.
    ...(locks?.findings.filter(
      ({ code, outcome }) =>
        outcome === "unknown" || (code === "dependency-file" && outcome === "fail"),
    ) ?? []),
    ...(await judge(claims, given, truth)),
  ];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "sbom verify", subject: model, verdict, findings }, options, host);
  return exitOfVerdict(verdict);
}

async function judge(
  claims: readonly VerifiedClaim[],
  given: Buffer | undefined,
  truth: BomTruth,
): Promise<Finding[]> {
  const all = claims.filter(({ statement }) => statement?.predicateType === SBOM_CLAIM_TYPE);
  const wanted = given === undefined ? undefined : canonicalJson(parseJson(given));
  const named = all.filter(
    ({ statement }) =>
      wanted === undefined || canonicalJson(statement?.predicate ?? null) === wanted,
  );
  const good = named.filter(({ status }) => status === "counts");
  const deciding = good.length > 0 ? good : named.filter(isUnbound);
  const others = all
    .filter((claim) => !deciding.includes(claim))
    .flatMap(({ findings }) => findings);
  if (deciding.length > 0) {
    // What a stranger appended does not undo what a trusted signer said.
    const findings = asWarnings(others);
    for (const claim of deciding) {
      findings.push(...claim.findings, ...(await compare(textOf(claim), truth)));
    }
    return findings;
  }
  return [
    finding(
      "sbom-match",
      "fail",
      given === undefined
        ? "no trusted signer signed a bill of materials for this model"
        : "no trusted signer signed this bill of materials for this model",
      { fix: "have it signed: mlsign sbom attest MODEL --sbom FILE" },
    ),
    ...others,
    ...(given === undefined ? [] : await compare(given, truth)),
  ];
}

async function compare(bom: Buffer | string, truth: BomTruth): Promise<Finding[]> {
  const form = await validateBom(bom);
  try {
    return [...form, ...checkBom(readBom(bom), truth)];
  } catch (error) {
    if (!(error instanceof MlsignError) || error.code !== "json-invalid") throw error;
    return [...form, finding("sbom-form", "fail", printable(messageOf(error)))];
  }
}

function textOf({ statement }: VerifiedClaim): string {
  return JSON.stringify(statement?.predicate ?? null);
}

/** What the lineage claims of trusted signers say, where they say one thing. */
function signedLineage(claims: readonly VerifiedClaim[]): {
  readonly truth?: ReturnType<typeof truthOfLineage>;
  readonly findings: readonly Finding[];
} {
  const predicates = claims
    .filter(
      ({ status, statement }) =>
        status === "counts" && statement?.predicateType === LINEAGE_PREDICATE,
    )
    .map(({ statement }) => statement?.predicate ?? null);
  const said = predicates.flatMap((predicate) => truthOf(predicate) ?? []);
  const [truth] = said;
  if (truth === undefined) return { findings: [] };
  const stories = new Set(said.map((one) => canonicalJson(one as unknown as JsonValue)));
  if (stories.size === 1) return { truth, findings: [] };
  return {
    findings: [
      finding("sbom-match", "fail", `trusted signers claim ${stories.size} different lineages`, {
        fix: "settle which is true: mlsign lineage verify",
      }),
    ],
  };
}

/** SLSA provenance by another tool is no lineage of ours, and says nothing that is compared. */
function truthOf(predicate: JsonValue): ReturnType<typeof truthOfLineage> | undefined {
  try {
    return truthOfLineage(readLineage(predicate));
  } catch (error) {
    if (error instanceof MlsignError && error.code === "manifest-invalid") return undefined;
    throw error;
  }
}
