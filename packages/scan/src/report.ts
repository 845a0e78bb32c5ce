/**
 * What loading a file would do, worst last:
 * `safe-format` holds data only by construction; `allowed` imports nothing that is not on the allow
 * list; `executable` holds a program by design; `unknown-import` imports what nobody reviewed;
 * `unscannable` could not be understood to its end; `dangerous` runs code when it is loaded.
 */
export type ScanVerdict =
  | "safe-format"
  | "allowed"
  | "executable"
  | "unknown-import"
  | "unscannable"
  | "dangerous";

/** One thing that a scanner saw in a file. */
export interface Observation {
  readonly verdict: ScanVerdict;
  /** A word that stays the same between versions, such as `pickle-import` or `zip-two-views`. */
  readonly rule: string;
  readonly message: string;
  /** Names of the entries from the file to the place, outermost first; empty for the file itself. */
  readonly within: readonly string[];
  /** Bytes from the start of the innermost entry. */
  readonly offset?: number;
  /** Where the observation is of a Python name. */
  readonly import?: {
    readonly module: string;
    readonly name: string;
    readonly called: boolean;
    /** What a pickle does with it: an instance, a call, items put into what was made. */
    readonly uses?: readonly ("call" | "instance" | "items")[];
  };
}

/** The formats that were recognised in a file, and what they hold. */
export interface FileScan {
  /** The model's path of the file, `/`-separated. */
  readonly path: string;
  readonly size: number;
  /** Lower-case hex; empty where it was not asked for. */
  readonly sha256: string;
  readonly verdict: ScanVerdict;
  /** Such as `zip`, `torch-zip`, `pickle`; in the order in which they were met, each once. */
  readonly formats: readonly string[];
  readonly observations: readonly Observation[];
}

const ORDER: readonly ScanVerdict[] = [
  "safe-format",
  "allowed",
  "executable",
  "unknown-import",
  "unscannable",
  "dangerous",
];

/** The worse of two verdicts. */
export function worse(a: ScanVerdict, b: ScanVerdict): ScanVerdict {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}
