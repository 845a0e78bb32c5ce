import type { Finding, Location } from "@mlsign/core";

export type Ecosystem = "pypi" | "npm" | "conda" | "oci" | "github" | "generic";

/** `hash`: the exact bytes are named. `commit`: a VCS commit is. `none`: neither, or not for sure. */
export type Pin = "hash" | "commit" | "none";

export interface Hash {
  /** `sha256`, `sha512`, … in lower case. */
  readonly algorithm: string;
  readonly hex: string;
}

/** One file that an installer may pick. */
export interface Artifact {
  readonly filename?: string;
  readonly url?: string;
  readonly hashes: readonly Hash[];
}

/** What other capabilities (the bill of materials, `deps verify`) need of a pin, as data. */
export interface PinView {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version?: string;
  readonly pin: Pin;
  /** All hashes that are allowed, whichever artifact they belong to. */
  readonly hashes: readonly Hash[];
  readonly artifacts?: readonly Artifact[];
  readonly purl?: string;
  readonly location: Location;
}

/** One dependency of a file with its verdict. */
export interface DependencyEntry extends PinView {
  /** Why the verdict is what it is. */
  readonly reason: string;
  readonly fix?: string;
}

export interface DependencyPolicy {
  /** A Python or npm dependency pinned to a commit: unset warns, true accepts, false refuses. */
  readonly allowVcsCommit?: boolean;
  /** A digest that is the default of a build argument or variable, which a caller can override. */
  readonly allowArgs?: boolean;
  /** Source distributions whose build requirements no hash covers: unset or false refuses. */
  readonly allowBuilds?: boolean;
}

export interface CheckContext {
  /** A file of the same tree by its `/`-separated path; undefined where there is none. */
  readonly read?: (path: string) => Uint8Array | undefined;
  readonly policy?: DependencyPolicy;
}

export interface CheckedFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly entries: readonly DependencyEntry[];
  readonly findings: readonly Finding[];
}

export type FileKind =
  | "requirements"
  | "pylock"
  | "uv-lock"
  | "poetry-lock"
  | "pdm-lock"
  | "pipfile-lock"
  | "conda-lock"
  | "conda-explicit"
  | "package-lock"
  | "pnpm-lock"
  | "yarn-lock"
  | "dockerfile"
  | "github-workflow"
  | "github-action"
  | "compose"
  | "kustomization"
  | "kubernetes"
  | "yaml-template";
