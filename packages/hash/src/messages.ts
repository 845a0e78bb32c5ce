import type { ErrorCode } from "@mlsign/core";
import type { Algorithms, Unit, UnitResult } from "./unit.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly algorithms: Algorithms;
  readonly read: SharedArrayBuffer;
}

export type ToWorker = readonly Unit[];

/** A batch wanted, a batch done, or the end of the worker: a fault in one file, or a defect. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly results: readonly UnitResult[] }
  | {
      readonly kind: "fault";
      readonly job: number;
      readonly code: ErrorCode;
      readonly what: string;
    }
  | { readonly kind: "defect"; readonly error: unknown };
