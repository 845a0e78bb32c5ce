import { decodeUtf8, MlsignError } from "@mlsign/core";
import type { Certificate } from "./certificate.ts";
import { parseDer } from "./der.ts";

/** What Fulcio copied from the identity token into the certificate, by the names of its docs. */
export type FulcioClaims = { readonly [K in (typeof CLAIMS)[number][1]]?: string };

/**
 * Reads Fulcio's extensions (OID 1.3.6.1.4.1.57264.1). Up to .6 they hold raw text, from .8 on a
 * DER UTF8String; where both forms of the issuer are present the newer one counts.
 *
 * @throws MlsignError where an extension holds something else.
 */
export function fulcioClaims(certificate: Certificate): FulcioClaims {
  const claims: Record<string, string> = {};
  for (const [arc, name] of CLAIMS) {
    const octets = certificate.extension(`${ARC}.${arc}`);
    if (octets === undefined) continue;
    claims[name] = decodeUtf8(arc < 7 ? octets : utf8String(octets, arc));
  }
  return claims;
}

function utf8String(der: Buffer, arc: number): Buffer {
  try {
    const { tag, value } = parseDer(der);
    if (tag.isUniversal() && tag.number === UTF8_STRING) return value;
  } catch {
    // Falls through to the one error.
  }
  const what = `Cannot parse certificate: extension ${ARC}.${arc} is not a UTF8String`;
  throw new MlsignError("bundle-malformed", what);
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
