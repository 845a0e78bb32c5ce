/** A logical line: joined, without comment, trimmed and not empty. */
export interface LogicalLine {
  /** Of its first physical line, from 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * pip's preprocessing: split, join, strip comments, expand variables. A line that ends in `\` is
 * joined with the next one, unless it is a comment; a comment ends the join. That is how a hash
 * on the line after a comment is lost without a word.
 */
export function logicalLines(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): LogicalLine[] {
  const lines: LogicalLine[] = [];
  for (const joined of joinLines(splitLines(text))) {
    const stripped = trim(joined.text.replace(COMMENT, ""));
    if (stripped !== "") {
      lines.push({ line: joined.line, text: expand(stripped, environment) });
    }
  }
  return lines;
}

/** Python's `str.splitlines()`, which splits on more than newlines. */
function splitLines(text: string): string[] {
  // oxlint-disable-next-line no-control-regex
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Python's `str.strip()`. */
export function trim(text: string): string {
  return text.replace(LEADING, "").replace(TRAILING, "");
}

function* joinLines(lines: readonly string[]): Generator<LogicalLine> {
  let first = 0;
  let parts: string[] = [];
  for (const [index, line] of lines.entries()) {
    const comment = COMMENT_LINE.test(line);
    if (line.endsWith("\\") && !comment) {
      if (parts.length === 0) first = index + 1;
      parts.push(stripSlashes(line));
      continue;
    }
    // The space makes a comment out of a comment that is glued to what comes before it.
    const text = comment ? ` ${line}` : line;
    if (parts.length === 0) yield { line: index + 1, text };
    else yield { line: first, text: parts.join("") + text };
    parts = [];
  }
  if (parts.length > 0) yield { line: first, text: parts.join("") };
}

/** Python's `strip("\\\\")`. */
function stripSlashes(line: string): string {
  let start = 0;
  let end = line.length;
  while (line[start] === "\\") start += 1;
  while (end > start && line[end - 1] === "\\") end -= 1;
  return line.slice(start, end);
}

function expand(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  let expanded = text;
  for (const [variable, name] of text.matchAll(VARIABLE)) {
    const value = environment[name as string];
    if (value !== undefined && value !== "") expanded = expanded.replaceAll(variable, () => value);
  }
  return expanded;
}

/** `${UPPER_CASE}`, the only form that pip expands. */
export const VARIABLE: RegExp = /\$\{([A-Z0-9_]+)\}/g;

// Python's \s and str.isspace(), which are not JavaScript's: with \x1c-\x1f and \x85, without \ufeff.
export const SPACE: string =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const COMMENT = new RegExp(`(?:^|(?<!${SPACE})${SPACE}+)#[^\\n]*$`);
const COMMENT_LINE = new RegExp(`^${SPACE}*#`);
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`(?<!${SPACE})${SPACE}+$`);
