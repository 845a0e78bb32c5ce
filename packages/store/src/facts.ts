import type { LineageNodeKind } from "@mlsign/core";

/** A thing that claims are about or name, known by its digests. */
export interface Thing {
  readonly kind: Extract<
    LineageNodeKind,
    "model" | "commit" | "dataset" | "container" | "file" | "dependency"
  >;
  readonly name: string;
  /** By algorithm, lower-case hex. Never empty, but for what is known by a URI alone. */
  readonly digests: Readonly<Record<string, string>>;
  readonly uri?: string;
}

export type ClaimKind = Extract<
  LineageNodeKind,
  | "signature"
  | "lineage"
  | "sbom"
  | "card"
  | "scan"
  | "check"
  | "approval"
  | "promotion"
  | "statement"
>;

/** How a model stands to what it names. */
export type Relation =
  | "built from"
  | "trained on"
  | "trained in"
  | "tuned from"
  | "pinned by"
  | "depends on"
  | "described by";

/** What one statement says, in the store's words. Nothing of it is verified. */
export interface ClaimFacts {
  readonly predicateType: string;
  readonly kind: ClaimKind;
  /** What the statement is about. */
  readonly subjects: readonly Thing[];
  readonly links: readonly { readonly relation: Relation; readonly to: Thing }[];
  readonly components: readonly Component[];
  /** SHA-256 of each file that a model signature lists. */
  readonly files: readonly string[];
  /** Of a promotion or an approval. */
  readonly targets: readonly string[];
  readonly resource?: string;
  /** `PASSED`, `FAILED`, `WARNED`. */
  readonly result?: string;
}

/** A package of a bill of materials: `name` is the package URL without version and qualifiers. */
export interface Component {
  readonly name: string;
  readonly version: string;
}
