import type { KeyObject } from "node:crypto";
import type { Certificate } from "@mlsign/x509";
import type { TrustedRoot } from "@sigstore/protobuf-specs";

/** Text that must be equal, or a pattern that must match as a whole. */
export type Matcher = { readonly exact: string } | { readonly pattern: string };

/** Who must have signed. The issuer is always exact. */
export interface IdentityRule {
  readonly identity: Matcher;
  readonly issuer?: string;
}

/**
 * Whom the caller trusts. The kind of key and the identity come from here, never from the bundle.
 * `trustedRoot` is what witnesses (logs, timestamp authorities) are checked against.
 */
export type Trust =
  | { readonly method: "key"; readonly key: KeyObject; readonly trustedRoot?: TrustedRoot }
  | {
      readonly method: "certificate";
      readonly anchors: readonly Certificate[];
      readonly identity?: IdentityRule;
      readonly trustedRoot?: TrustedRoot;
    }
  | {
      readonly method: "keyless";
      readonly trustedRoot: TrustedRoot;
      readonly identity: IdentityRule & { readonly issuer: string };
    };

/** When, by whom it is said. */
export interface EstablishedTime {
  readonly source: "timestamp-authority" | "transparency-log";
  readonly at: Date;
}
