import type { Verdict } from "@mlsign/core";
import type { EvidenceType } from "./evidence-type.ts";

/** What was looked at; `unknown` could not be. */
export type Seen = "yes" | "no" | "unknown";

/** Who signed: an identity that its issuer vouched for, or a key by the digest of its SPKI. */
export type Signer =
  | { readonly issuer: string; readonly subject: string }
  | { readonly key: string };

/** A signature or claim about this very model, verified by whoever fills this in. */
export interface EvidenceFact {
  /** Its SHA-256, or another name that is its own. */
  readonly id: string;
  readonly type: EvidenceType;
  readonly status: "valid" | "invalid" | "unknown";
  readonly signer?: Signer;
  /** Trusted time (a log's or a timestamp authority's), never what the signer says. */
  readonly time?: string;
  readonly logged?: boolean;
  readonly timestamped?: boolean;
  readonly predicateType?: string;
  readonly result?: "PASSED" | "WARNED" | "FAILED";
  readonly properties?: readonly string[];
  /** Other digests that it names, as `sha256:…`. */
  readonly digests?: readonly string[];
  readonly lineage?: LineageFact;
}

/** What a lineage claim says, and what looking at it from the outside came to. */
export interface LineageFact {
  readonly commits: readonly {
    readonly repository: string;
    readonly ref?: string;
    readonly commit: string;
    readonly clean: Seen;
  }[];
  readonly datasets: readonly {
    readonly path: string;
    readonly oid: string;
    readonly sha256?: string;
    readonly legacy: boolean;
    readonly rehashed: Seen;
  }[];
  readonly containers: readonly {
    readonly repository: string;
    readonly digest: string;
    readonly exists: Seen;
  }[];
  readonly baseModels: readonly { readonly uri: string; readonly sha256?: string }[];
  readonly commitSignature: "ssh" | "openpgp" | "gitsign" | "none" | "unknown";
  readonly matchCertificate: Seen;
}

/** What a forge says of the run that promotes: its word, and no signature. */
export interface ReviewFact {
  /** `OWNER/NAME`, in any letter case. */
  readonly repository: string;
  readonly commit: string;
  readonly startedBy: readonly string[];
  readonly reviews: readonly {
    readonly state: "approved" | "rejected";
    readonly reviewer: string;
    readonly environments: readonly string[];
  }[];
}

/** Everything that a policy judges. What is absent was not looked at, and stays unknown. */
export interface PolicyFacts {
  readonly target?: string;
  /** Of the model: root, dirHash1, files, as `sha256:…`. */
  readonly digests?: readonly string[];
  readonly evidence?: readonly EvidenceFact[];
  /** Files that lie in the model and that its signer left out. */
  readonly ignoredFiles?: readonly string[];
  readonly dependencies?: Verdict;
  readonly scan?: Verdict;
  readonly storage?: {
    readonly verdict: Verdict;
    readonly mode?: string;
    /** In whole days. */
    readonly retention?: number;
  };
  readonly card?: { readonly verdict: Verdict; readonly fields: readonly string[] };
  readonly review?: ReviewFact;
  /** Images and models that are named by the deployment, as written. */
  readonly references?: readonly string[];
}
