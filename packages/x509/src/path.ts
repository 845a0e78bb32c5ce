import { createHash } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import { isAuthority } from "./purpose.ts";

export interface PathOptions {
  /** Certificates that help to build the path but are not believed. */
  readonly untrusted: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  /** Every certificate of the path must be valid at each of these times. */
  readonly at: readonly Date[];
}

/** A path from the leaf to a trust anchor, or why there is none. */
export type CertificatePath =
  | { readonly path: readonly Certificate[] }
  | { readonly fault: string; readonly expired: boolean };

/**
 * Builds and validates a path (RFC 5280 section 6, without policies and name constraints, which
 * are refused as unknown critical extensions). A leaf that is itself an anchor is its own path.
 */
export function certificatePath(leaf: Certificate, options: PathOptions): CertificatePath {
  const search = new Search(options);
  const path = search.from([leaf]);
  if (path !== undefined) return { path };
  return { fault: search.fault, expired: search.expired };
}

class Search {
  fault = "no trusted authority issued it";
  expired = false;
  readonly #options: PathOptions;
  readonly #candidates: readonly Certificate[];
  #steps = 0;

  constructor(options: PathOptions) {
    this.#options = options;
    this.#candidates = unique([...options.anchors, ...options.untrusted]);
  }

  from(path: Certificate[]): Certificate[] | undefined {
    this.#steps += 1;
    const last = path.at(-1);
    if (last === undefined || path.length > MAX_LENGTH || this.#steps > MAX_STEPS) return undefined;
    if (this.#options.anchors.some((anchor) => anchor.equals(last))) {
      return this.#accepts(path) ? path : undefined;
    }
    for (const issuer of this.#candidates) {
      if (path.some((member) => member.equals(issuer)) || !couldIssue(issuer, last)) continue;
      if (!last.signedBy(issuer)) continue;
      const found = this.from([...path, issuer]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #accepts(path: readonly Certificate[]): boolean {
    for (const [depth, certificate] of path.entries()) {
      const fault = depth === 0 ? shapeFault(certificate) : authorityFault(certificate, depth);
      if (fault !== undefined) return this.#refuse(fault);
      for (const time of this.#options.at) {
        if (time < certificate.notBefore || time > certificate.notAfter) {
          this.expired = true;
          return this.#refuse(outsideValidity(depth, certificate, time));
        }
      }
    }
    return true;
  }

  #refuse(fault: string): false {
    this.fault = fault;
    return false;
  }
}

function couldIssue(issuer: Certificate, certificate: Certificate): boolean {
  if (!issuer.subject.equals(certificate.issuer)) return false;
  const [wanted, has] = [certificate.authorityKeyId, issuer.subjectKeyId];
  return wanted === undefined || has === undefined || wanted.equals(has);
}

function authorityFault(certificate: Certificate, depth: number): string | undefined {
  if (!isAuthority(certificate)) return "its issuer is not a certificate authority";
  // depth - 1 intermediates lie between this authority and the leaf (RFC 5280 4.2.1.9).
  if (certificate.pathLength !== undefined && certificate.pathLength < depth - 1) {
    return "an authority's path length constraint is exceeded";
  }
  return shapeFault(certificate);
}

function shapeFault(certificate: Certificate): string | undefined {
  const [critical] = certificate.unknownCritical;
  if (critical !== undefined) return `it has the unknown critical extension ${critical}`;
  if (!SIGNATURE_ALGORITHMS.has(certificate.signatureAlgorithm)) {
    return `its signature algorithm ${certificate.signatureAlgorithm} is not allowed`;
  }
  return undefined;
}

function outsideValidity(depth: number, certificate: Certificate, time: Date): string {
  const what = depth === 0 ? "it" : "its issuer";
  const [from, to] = [certificate.notBefore.toISOString(), certificate.notAfter.toISOString()];
  return `${what} is valid from ${from} to ${to}, not at ${time.toISOString()}`;
}

function unique(certificates: readonly Certificate[]): Certificate[] {
  const seen = new Map<string, Certificate>();
  for (const certificate of certificates) {
    seen.set(createHash("sha256").update(certificate.der).digest("hex"), certificate);
  }
  return [...seen.values()];
}

const MAX_LENGTH = 8;
/** Cross-signed certificates made to blow the search up end it instead. */
const MAX_STEPS = 256;
/** SHA-2 with RSA (PKCS #1 v1.5 and PSS) or ECDSA, and Ed25519; never MD5 or SHA-1. */
const SIGNATURE_ALGORITHMS = new Set([
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.113549.1.1.10",
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.3.101.112",
]);
