import {
  decide,
  exitOfVerdict,
  type Finding,
  finding,
  type JsonValue,
  MlsignError,
} from "@mlsign/core";
import { readClaims, type VerifiedClaim, verifyClaims } from "@mlsign/evidence";
import { checkLineage, collectLineage, LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import { fetchManifest, parseReference } from "@mlsign/oci";
import { fulcioClaims } from "@mlsign/x509";
import { claimManifest } from "./claim-manifest.ts";
import { claimsFiles } from "./claims-location.ts";
import type { Host } from "./host.ts";
import { locateModel } from "./model-location.ts";
import { checkFormat, printReport, type ReportOptions } from "./print-report.ts";
import { resolveTrust, type TrustFlags } from "./trust-options.ts";
import { VERSION } from "./version.ts";

export interface VerifyLineageOptions extends TrustFlags, ReportOptions {
  readonly offline?: boolean;
}

/** Verifies the lineage claims of a model, and what they say against what is here. */
export async function verifyLineage(
  model: string,
  options: VerifyLineageOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const location = locateModel(model, host.cwd);
  const resolved = await resolveTrust(options, host, false);
  if (resolved === undefined) {
    throw new MlsignError("trust-missing", "Cannot verify: nobody was named to trust", {
      hint: "give --key, --certificate-chain, or --certificate-identity with --certificate-oidc-issuer",
    });
  }
  const { manifest, listing } = await claimManifest(location, {}, host);
  const identity = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  const claims = await verifyClaims(readClaims(claimsFiles(location)), identity, {
    now: host.clock(),
    trust: resolved.trust,
    manifestVerified: false,
  });
  const lineages = claims.filter(({ statement }) => statement?.predicateType === LINEAGE_PREDICATE);
  const findings = [
    ...claims.filter(({ status }) => status === "damaged").flatMap((claim) => claim.findings),
    ...lineages.flatMap((claim) => claim.findings),
    ...(await judge(lineages, options, host)),
  ];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "lineage verify", subject: model, verdict, findings },
    options,
    host,
  );
  return exitOfVerdict(verdict);
}

async function judge(
  lineages: readonly VerifiedClaim[],
  options: VerifyLineageOptions,
  host: Host,
): Promise<Finding[]> {
  const valid = lineages.filter(({ status }) => status === "counts");
  const [first] = valid;
  if (first?.statement === undefined) {
    return [
      finding("lineage-form", "fail", "no lineage claim about this model is by a trusted signer"),
    ];
  }
  const said = new Set(valid.map(({ statement }) => essence(statement?.predicate ?? null)));
  // Two stories by trusted signers: whichever is true, one of them is not.
  if (said.size > 1)
    return [finding("lineage-form", "fail", `${said.size} different lineages are claimed`)];
  const claim = readLineage(first.statement.predicate);
  const live = await collectLineage({
    folder: host.cwd,
    data: [...new Set(claim.datasets.flatMap(({ file }) => file ?? []))],
  });
  const leaf = first.result?.certificate;
  const fulcio = leaf && fulcioClaims(leaf);
  const { sourceRepositoryDigest: commit, sourceRepositoryUri: repository } = fulcio ?? {};
  const exists = options.offline ? undefined : await containerExists(claim.containers);
  return checkLineage(claim, {
    live,
    ...(fulcio && {
      certificate: { ...(commit && { commit }), ...(repository && { repository }) },
    }),
    ...(exists !== undefined && { containerExists: exists }),
  });
}

/** What a lineage says, without when it was written down. */
function essence(predicate: JsonValue): string {
  const { commits, datasets, containers } = readLineage(predicate);
  return JSON.stringify([commits, datasets, containers]);
}

async function containerExists(
  containers: readonly { readonly uri: string; readonly digest: string }[],
): Promise<boolean | undefined> {
  const [container] = containers;
  const url =
    container && URL.canParse(container.uri)
      ? new URL(container.uri).searchParams.get("repository_url")
      : null;
  if (container === undefined || url === null) return undefined;
  try {
    return (
      (await fetchManifest(parseReference(`${url}@${container.digest}`), { timeoutMs: 10_000 })) !==
      undefined
    );
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}
