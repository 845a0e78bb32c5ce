import type { Observation } from "./report.ts";
import type { ByteSource } from "./source.ts";

/**
 * What a format's scanner is given: where to report, and how to hand on bytes that it found within.
 * A scanner reads its source as it likes, keeps a bounded part of it in memory, and reports every
 * thing that it could not understand as `unscannable`; it throws for defects of its own alone.
 */
export interface Examination {
  /** Of the file that is scanned, as the model has it. */
  readonly path: string;
  /** Names of the entries that lead to the source. */
  readonly within: readonly string[];
  /** Adds an observation at this place. */
  report(observation: Omit<Observation, "within">): void;
  /** Says which format was recognised. */
  format(name: string): void;
  /** Judges bytes found within by their content, as if they were a file of this name. */
  descend(name: string, source: ByteSource, options?: DescendOptions): Promise<void>;
  /** Says that data is taken from a file beside this one, relative to its folder. */
  refers(path: string): void;
  /**
   * What a decoder puts out, as a source that can be read anywhere: in memory while it is small,
   * else in a private temporary file that is removed after `use`. An output beyond the limits of
   * the scan is reported as `unscannable` (a bomb), and `use` is not called.
   */
  decoded(
    decoder: AsyncIterable<Uint8Array>,
    use: (source: ByteSource) => Promise<void>,
  ): Promise<void>;
}

export interface DescendOptions {
  /** The container says that these are numbers: what no format recognises there is data. */
  readonly raw?: boolean;
}

/** One format: whether a source is of it, judged by content, and how it is scanned. */
export interface Format {
  readonly name: string;
  /** By content alone; `name` is a hint for texts that have no magic (JSON files, chat templates). */
  recognises(source: ByteSource, name: string): boolean;
  scan(source: ByteSource, examination: Examination): Promise<void>;
}
