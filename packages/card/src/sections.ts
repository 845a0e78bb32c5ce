/** A heading (`# …`) with what stands below it, up to the next heading. */
export interface Section {
  readonly level: number;
  readonly title: string;
  readonly line: number;
  readonly text: string;
}

/** The headings of a body. Underlined headings are not seen; code blocks are passed over. */
export function readSections(body: string, firstLine: number): Section[] {
  const lines = body.split(/\r\n|\r|\n/);
  const prose = withoutCode(lines);
  const headings = prose.flatMap((line, index) => {
    const match = /^ {0,3}(#{1,6})[ \t]+(\S.*)$/.exec(line);
    return match === null ? [] : [{ index, level: match[1]?.length ?? 1, raw: match[2] ?? "" }];
  });
  return headings.map(({ index, level, raw }, position) => ({
    level,
    title: raw.trimEnd().replace(/#+$/, "").trimEnd(),
    line: firstLine + index,
    text: lines
      .slice(index + 1, headings[position + 1]?.index ?? lines.length)
      .join("\n")
      .trim(),
  }));
}

/** The lines with those of fenced code blocks emptied, so that line numbers stay. */
export function withoutCode(lines: readonly string[]): string[] {
  let fence: string | undefined;
  return lines.map((line) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) {
      if (mark === undefined) return line;
      fence = mark;
      return "";
    }
    if (mark?.[0] === fence[0] && mark !== undefined && mark.length >= fence.length) {
      if (line.trim() === mark) fence = undefined;
    }
    return "";
  });
}
