import type { BomView } from "./bom-view.ts";
import type { CardPolicy } from "./report.ts";

/** A file that a card may refer to, read when a rule needs it. */
export interface CardFile {
  readonly bytes: () => Uint8Array;
  /** SHA-256, in hex: of a file of any size. */
  readonly sha256: () => string;
}

/** What a card is compared with, as data; what is not given is not compared. */
export interface LintOptions {
  readonly policy?: CardPolicy;
  readonly bom?: BomView;
  /** A file by its relative path; `undefined` where there is none. */
  readonly files?: (path: string) => CardFile | undefined;
  readonly modelName?: string;
}
