/** The text of a requirements file, or why pip (or we) cannot read it. */
export type Decoded = { readonly text: string } | { readonly problem: string };

/**
 * Decodes as pip does: a byte order mark, else a PEP 263 `coding:` in the first two lines, else
 * UTF-8. pip then tries the machine's locale, and any codec that Python knows (`utf-7`,
 * `unicode_escape`, …): a file that reads differently elsewhere is a problem, not a guess.
 */
export function decodeRequirements(bytes: Uint8Array): Decoded {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [mark, encoding] of MARKS) {
    if (data.subarray(0, mark.length).equals(mark)) {
      return decodeAs(encoding, data.subarray(mark.length));
    }
  }
  const named = codingOf(data);
  return decodeAs(named ?? "utf-8", data);
}

function codingOf(data: Buffer): string | undefined {
  let start = 0;
  for (let line = 0; line < 2; line += 1) {
    const end = data.indexOf(0x0a, start);
    const text = data.toString("latin1", start, end < 0 ? data.length : end);
    const match = text.startsWith("#") ? /coding[:=][ \t\n\r\f\v]*([-\w.]+)/.exec(text) : null;
    if (match !== null) return match[1];
    if (end < 0) return undefined;
    start = end + 1;
  }
  return undefined;
}

function decodeAs(encoding: string, data: Buffer): Decoded {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  if (ASCII.has(name)) {
    return data.some((byte) => byte > 0x7f)
      ? { problem: "is not ASCII, which it says it is" }
      : { text: data.toString("latin1") };
  }
  if (LATIN1.has(name)) return { text: data.toString("latin1") };
  const label = LABELS.get(name);
  if (label === undefined) return { problem: `is in the encoding "${encoding}"` };
  try {
    return { text: new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    return { problem: `is not well-formed ${label.toUpperCase()}` };
  }
}

/** In pip's order (26.x): the mark of UTF-16-LE begins that of UTF-32-LE. */
const MARKS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xef, 0xbb, 0xbf]), "utf-8"],
  [Buffer.from([0xff, 0xfe, 0x00, 0x00]), "utf-32"],
  [Buffer.from([0x00, 0x00, 0xfe, 0xff]), "utf-32"],
  [Buffer.from([0xff, 0xfe]), "utf-16-le"],
  [Buffer.from([0xfe, 0xff]), "utf-16-be"],
];

const LABELS: ReadonlyMap<string, string> = new Map([
  ["utf-8", "utf-8"],
  ["utf8", "utf-8"],
  ["utf-16-le", "utf-16le"],
  ["utf-16-be", "utf-16be"],
]);
const ASCII: ReadonlySet<string> = new Set(["ascii", "us-ascii"]);
const LATIN1: ReadonlySet<string> = new Set(["latin-1", "latin1", "iso-8859-1", "iso8859-1", "l1"]);
