import type { Finding } from "@mlsign/core";
import type { ObjectStore, StorageLocation } from "@mlsign/objects";
import type { Target } from "@mlsign/storage";

/** Objects of one bucket that are to be looked at. */
export interface Source {
  /** `s3://BUCKET/PREFIX`. */
  readonly url: string;
  readonly location: StorageLocation;
  /** What must be there; whatever lies below the prefix, where there is none. */
  readonly targets?: (store: ObjectStore) => Promise<Targets>;
  /** Whether anything else below the prefix is a stranger's. */
  readonly exact: boolean;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly findings: readonly Finding[];
}
