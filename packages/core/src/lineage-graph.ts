/**
 * What a lineage is drawn from, as data: the store answers with one, `trace` renders it. Names in it
 * are a stranger's; whoever prints one escapes it.
 */
export interface LineageGraph {
  /** What was asked, in words. */
  readonly question: string;
  /** What was known then; ISO 8601. `undefined` for now. */
  readonly asOf?: string;
  /** The node that was asked about. */
  readonly focus?: string;
  /** Whether there is more than is shown. */
  readonly truncated?: boolean;
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

export type LineageNodeKind =
  | "model"
  | "commit"
  | "dataset"
  | "container"
  | "file"
  | "package"
  | "dependency"
  | "signature"
  | "lineage"
  | "sbom"
  | "card"
  | "scan"
  | "check"
  | "approval"
  | "promotion"
  | "statement";

export interface LineageNode {
  readonly id: string;
  readonly kind: LineageNodeKind;
  readonly name: string;
  /** By algorithm, in hex; also a DVC object's MD5, which is an identifier and no integrity. */
  readonly digests: Readonly<Record<string, string>>;
  /** More about it, in words. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * `verified`: the signature holds, by the signer that is named; `unverified`: nobody could check it;
 * `failed`: it does not hold; `missing`: there is no such evidence.
 */
export type EdgeStatus = "verified" | "unverified" | "failed" | "missing";

export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  /** `made from`, `signed`, … */
  readonly relation: string;
  readonly status: EdgeStatus;
  /** Who signed the claim that says so; who it claims to be by, unless verified. */
  readonly signer?: string;
  /** By a timestamp authority or a log; ISO 8601. */
  readonly time?: string;
  /** When the store got it. */
  readonly added?: string;
  /** SHA-256 of the bundle that says so. */
  readonly bundle?: string;
  /** The statement's predicate type. */
  readonly type?: string;
}
