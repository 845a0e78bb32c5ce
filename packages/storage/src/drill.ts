import type { ObjectStore } from "@mlsign/objects";

/** A retention that a drill is about to ask to shorten: what to put back where it is killed. */
export interface DrillEntry {
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly mode: string;
  /** ISO 8601. */
  readonly until: string;
}

/** Outlives the process: an entry without its end is a drill that was killed halfway. */
export interface DrillJournal {
  begin(entry: DrillEntry): void;
  end(entry: DrillEntry): void;
  open(): readonly DrillEntry[];
}

export interface DrillStores {
  /** With the credentials of whoever checks. */
  readonly reader: ObjectStore;
  /** With the pipeline's: what they can do is what is asked. */
  readonly pipeline: ObjectStore;
  readonly journal?: DrillJournal | undefined;
}
