import type { Line, Position } from "./journal.ts";

/**
 * What is true: the bundles, each under the SHA-256 of its bytes, and the journal of what was added
 * when. Everything else is made from it.
 */
export interface Ledger {
  /** How errors name it; without a password. */
  readonly name: string;
  /** Keeps bundles for good; what is there already stays. */
  keep(bundles: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /**
   * The very bytes, `undefined` where there are none.
   *
   * @throws MlsignError `store-broken` where they are others than their name says
   */
  bundle(sha256: string): Promise<Buffer | undefined>;
  /** Runs alone: no other process appends meanwhile. What a crash leaves behind is no lock. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** The end of the journal as it stands, unread; `undefined` where it is empty. */
  end(): Promise<Position>;
  /** Appends lines, durably; only `alone`. */
  append(lines: readonly Line[]): Promise<void>;
  /**
   * Every line after a place.
   *
   * @throws MlsignError `store-broken` with the place
   */
  lines(after: Position): AsyncIterable<Line>;
  /** One line's text, by its number and place; `undefined` where there is none. */
  lineAt(sequence: number, offset: number): Promise<string | undefined>;
  /** Every bundle's SHA-256, whether or not the journal knows of it. */
  names(): Promise<string[]>;
  close(): Promise<void>;
}
