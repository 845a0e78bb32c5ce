/** Orders names by their UTF-8 bytes, which is code point order (OMS 5.2.1, 6.4). */
export function byUtf8(a: string, b: string): number {
  // UTF-16 order agrees unless a surrogate meets a unit above the surrogates.
  return /[\ud800-\udfff]/.test(a + b)
    ? Buffer.compare(Buffer.from(a), Buffer.from(b))
    : a < b
      ? -1
      : a > b
        ? 1
        : 0;
}

/**
 * A stranger's text made safe for a terminal or a log line: control characters, line separators
 * and characters that reorder or hide text become `\u{…}`.
 */
export function printable(text: string): string {
  // Most texts are plain; compiling the class below costs every start half a millisecond.
  if (/^[\x20-\x7e\u2010-\u2027]*$/.test(text)) return text;
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** `1.5 GiB`; binary units, one decimal above bytes. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}
