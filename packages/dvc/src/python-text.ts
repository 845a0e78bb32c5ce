/**
 * A file name as CPython has it: UTF-8 decoded, each byte that is none as the lone surrogate
 * U+DC80 to U+DCFF (PEP 383), so that every name is one text and back.
 */
export function pythonName(name: Uint8Array): string {
  let text = "";
  for (let at = 0; at < name.length;) {
    const length = sequenceLength(name, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (name[at] ?? 0));
      at += 1;
    } else {
      text += Buffer.from(name.subarray(at, at + length)).toString("utf8");
      at += length;
    }
  }
  return text;
}

/** `json.dumps` of a text with `ensure_ascii`: `\u` in lower case, DEL escaped, `/` not. */
export function pythonJsonString(text: string): string {
  return `"${text.replace(/[^ !#-[\]-~]/g, (unit) => SHORT[unit] ?? escapeUnit(unit))}"`;
}

/** Python orders texts by code point; JavaScript by UTF-16 unit, which puts U+FFEE after U+1F600. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [left.next(), right.next()];
    if (x.done || y.done) return x.done === y.done ? 0 : x.done ? -1 : 1;
    const difference = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
}

/** Bytes of the well-formed UTF-8 sequence at a place, 0 where there is none (RFC 3629). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const piece = Buffer.from(bytes.subarray(at, at + length));
  if (first < 0xc2 || first > 0xf4 || piece.length < length) return 0;
  return Buffer.from(piece.toString("utf8")).equals(piece) ? length : 0;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};
