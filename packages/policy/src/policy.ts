import type { Location } from "@mlsign/core";
import type { EvidenceType } from "./evidence-type.ts";

/** A policy as its file says it, its form checked; `schemas/policy.v1.schema.json` is the contract. */
export interface Policy {
  readonly schema: "urn:mlsign:policy:v1";
  readonly name: string;
  readonly version: number;
  readonly expires: string;
  readonly mode: "enforce" | "warn";
  readonly target: { readonly from?: string; readonly to: string; readonly resource?: string };
  /** Unset: told by the target's name. */
  readonly production?: boolean;
  readonly trust: { readonly transparency: Transparency; readonly reason?: string };
  readonly identities: Readonly<Record<string, Identity>>;
  readonly require: readonly Requirement[];
  readonly lineage?: {
    readonly git?: {
      readonly repositories?: readonly string[];
      readonly refs?: readonly string[];
      readonly signed?: readonly string[];
      readonly clean?: true;
      readonly matchCertificate?: true;
    };
    readonly dvc?: { readonly rehashed?: true; readonly allowLegacy?: boolean };
    readonly container?: { readonly registries?: readonly string[]; readonly exists?: true };
    readonly baseModels?: { readonly allow: readonly string[] };
  };
  readonly dependencies?: { readonly hashPinned: true };
  readonly storage?: {
    readonly locked: true;
    readonly mode?: "COMPLIANCE";
    readonly minRetention?: string;
  };
  readonly scan?: { readonly clean: true };
  readonly card?: { readonly fields: readonly string[] };
  readonly review?: { readonly github: GithubReview };
  readonly references?: { readonly digestOnly?: true; readonly forbidTags?: readonly string[] };
  readonly files?: { readonly allowIgnored: readonly string[] };
  readonly exceptions?: readonly Exception[];
  readonly deny?: {
    readonly digests?: readonly (Denial & { readonly digest: string })[];
    readonly signers?: readonly (Denial & { readonly subject: string; readonly issuer?: string })[];
    readonly keys?: readonly (Denial & { readonly key: string })[];
  };
}

/** What reviewers of a protected environment must have said of the run that promotes: GitHub's word. */
export interface GithubReview {
  /** `OWNER/NAME`. */
  readonly repository: string;
  readonly environment: string;
  /** Logins. Who started the run never counts. */
  readonly reviewers: readonly string[];
  readonly threshold?: number;
  /** The run must be of the lineage's commit. */
  readonly matchCommit?: true;
}

type Transparency = "log" | "timestamp" | "log-or-timestamp" | "none";

export interface Identity {
  readonly issuer?: string;
  readonly subject?: string;
  readonly subjectIn?: readonly string[];
  readonly subjectRegexp?: string;
  /** `sha256:HEX` of a public key's SPKI, whose PEM the caller gives. */
  readonly key?: string;
  /** The public key itself, in PEM. */
  readonly publicKey?: string;
}

export interface Requirement {
  readonly id: string;
  readonly type: EvidenceType;
  readonly by?: readonly string[];
  readonly maxAge?: string;
  readonly threshold?: number;
  readonly distinctFrom?: readonly string[];
  readonly predicateType?: string;
  readonly properties?: readonly string[];
  readonly result?: "PASSED" | "WARNED";
}

interface Exception {
  readonly rule: string;
  readonly reason: string;
  readonly expires: string;
}

interface Denial {
  readonly reason: string;
  readonly since?: string;
  readonly until?: string;
}

/** A policy that was read: what is evaluated, the digest that names it, and where things stand. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
  readonly source: string;
  readonly locate: (path: readonly (string | number)[]) => Location;
}

/** Whether the target is production: as the policy says, else by its name. */
export function isProduction({ production, target }: Policy): boolean {
  return production ?? /^(?:prod|production|live)(?:-|$)/.test(target.to);
}
