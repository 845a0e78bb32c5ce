import { decodeUtf8 } from "@mlsign/core";
import type { Certificate } from "./certificate.ts";
import { parseDer } from "./der.ts";

/** What Fulcio copied from the identity token into the certificate, by the names of its docs. */
export type FulcioClaims = { readonly [K in (typeof CLAIMS)[number][1]]?: string };

/**
 * Reads Fulcio's extensions (OID 1.3.6.1.4.1.57264.1). Up to .6 they hold raw text, from .8 on a
 * DER UTF8String; where both forms of the issuer are present the newer one counts.
 */
export function fulcioClaims(certificate: Certificate): FulcioClaims {
  const claims: Record<string, string> = {};
  for (const [arc, name] of CLAIMS) {
    const octets = certificate.extension(`${ARC}.${arc}`);
    if (octets === undefined) continue;
    const text = arc < 7 ? octets : utf8String(octets);
    if (text !== undefined) claims[name] = decodeUtf8(text);
  }
  return claims;
}

function utf8String(der: Buffer): Buffer | undefined {
  const value = parseDer(der);
  return value.tag.isUniversal() && value.tag.number === UTF8_STRING ? value.value : undefined;
}

const ARC = "1.3.6.1.4.1.57264.1";
const UTF8_STRING = 0x0c;
const CLAIMS = [
  [1, "issuer"],
  [2, "githubWorkflowTrigger"],
  [3, "githubWorkflowSha"],
  [4, "githubWorkflowName"],
  [5, "githubWorkflowRepository"],
  [6, "githubWorkflowRef"],
  [8, "issuer"],
  [9, "buildSignerUri"],
  [10, "buildSignerDigest"],
  [11, "runnerEnvironment"],
  [12, "sourceRepositoryUri"],
  [13, "sourceRepositoryDigest"],
  [14, "sourceRepositoryRef"],
  [15, "sourceRepositoryIdentifier"],
  [16, "sourceRepositoryOwnerUri"],
  [17, "sourceRepositoryOwnerIdentifier"],
  [18, "buildConfigUri"],
  [19, "buildConfigDigest"],
  [20, "buildTrigger"],
  [21, "runInvocationUri"],
  [22, "sourceRepositoryVisibility"],
  [23, "deploymentEnvironment"],
  [24, "tokenSubject"],
] as const;
