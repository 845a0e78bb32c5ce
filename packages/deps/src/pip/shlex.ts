/** Python's `shlex.split`: POSIX words, no comments. Undefined where quotes or escapes are open. */
export function shlexSplit(text: string): string[] | undefined {
  const words: string[] = [];
  let word = "";
  let open = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (" \t\r\n".includes(character)) {
      if (open) words.push(word);
      word = "";
      open = false;
    } else if (character === "\\") {
      at += 1;
      if (at >= text.length) return undefined;
      word += text[at];
      open = true;
    } else if (character === "'" || character === '"') {
      const end = closing(text, at);
      if (end === undefined) return undefined;
      word += unquote(text.slice(at + 1, end), character);
      open = true;
      at = end;
    } else {
      word += character;
      open = true;
    }
  }
  if (open) words.push(word);
  return words;
}

function closing(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === quote) return at;
    if (quote === '"' && text[at] === "\\") at += 1;
  }
  return undefined;
}

/** Inside double quotes a backslash escapes only itself and the quote. */
function unquote(text: string, quote: string): string {
  return quote === "'" ? text : text.replace(/\\(["\\])/g, "$1");
}
