export interface Yarn1Entry {
  /** The first of its patterns: `name@range`. */
  readonly pattern: string;
  readonly line: number;
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Yarn 1's lock: `pattern, pattern:` and, two spaces in, `field value`. Stricter than Yarn, whose
 * parser lets the last of two entries win and merges conflict markers.
 */
export function parseYarn1(
  text: string,
): { readonly entries: Yarn1Entry[] } | { readonly problem: string; readonly line: number } {
  const entries: (Yarn1Entry & { fields: Map<string, string> })[] = [];
  const patterns = new Set<string>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (/^\s*(?:#|$)/.test(raw)) continue;
    const indent = raw.search(/[^ ]/);
    if (indent === 0) {
      const heads = readHeads(raw);
      const [first] = heads ?? [];
      if (heads === undefined || first === undefined) return { problem: "malformed entry", line };
      const again = heads.find((head) => patterns.has(head));
      if (again !== undefined) return { problem: `duplicate entry "${again}"`, line };
      for (const head of heads) patterns.add(head);
      entries.push({ pattern: first, line, fields: new Map() });
      continue;
    }
    const entry = entries.at(-1);
    if (entry === undefined || indent % 2 !== 0) return { problem: "malformed indentation", line };
    if (indent > 2) continue;
    const match = FIELD.exec(raw);
    if (match === null) return { problem: "malformed field", line };
    const [, key, value] = match as unknown as [string, string, string | undefined];
    if (value === undefined) continue;
    if (entry.fields.has(key)) return { problem: `duplicate field "${key}"`, line };
    entry.fields.set(key, unquote(value));
  }
  return { entries };
}

function readHeads(line: string): string[] | undefined {
  if (!HEADS.test(line)) return undefined;
  return (line.slice(0, -1).match(HEAD) ?? []).map(unquote);
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(["\\/])/g, "$1") : text;
}

// Yarn quotes whatever holds a colon, comma or space.
const HEAD = /"(?:[^"\\]|\\["\\/])+"|[^\s,":]+/g;
const HEADS = new RegExp(`^(?:${HEAD.source})(?:, (?:${HEAD.source}))*:$`);
/** `key value`, or `key:` before a deeper block. */
const FIELD = /^ {2}("[^"]+"|[\w-]+)(?::| (".*"|\S+))$/;
