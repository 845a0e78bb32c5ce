/** What a scan of one file may take; beyond it the file is `unscannable`. */
export interface ScanLimits {
  /** Files within files. */
  readonly depth: number;
  /** Entries that are judged, all levels together. */
  readonly entries: number;
  /** Bytes that decoders may put out, all levels together. */
  readonly decodedBytes: number;
  /** Observations that are kept. */
  readonly observations: number;
}

export const SCAN_LIMITS: ScanLimits = {
  depth: 8,
  entries: 100_000,
  decodedBytes: 4 * 1024 ** 3,
  observations: 1000,
};
