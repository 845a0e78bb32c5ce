/**
 * The lines of the keys at a depth of well-formed JSON, by their path: `["packages", "a"]` is found
 * under `packages\0a`. One pass, no values.
 */
export function jsonKeyLines(text: string, maxDepth: number): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const path: (string | undefined)[] = [];
  let line = 1;
  let counted = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const token = match[0];
    if (token === "{" || token === "[") path.push(undefined);
    else if (token === "}" || token === "]") path.pop();
    else if (match[1] !== undefined && path.length <= maxDepth) {
      line += newlines(text, counted, match.index);
      counted = match.index;
      path[path.length - 1] = JSON.parse(match[1]) as string;
      lines.set(path.map((part) => part ?? "").join("\0"), line);
    }
  }
  return lines;
}

function newlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) {
    count += 1;
  }
  return count;
}

/** A key (a string before a colon), another string, or a bracket. */
const TOKEN = /("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}[\]]/g;
