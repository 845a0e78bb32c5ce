/** Whether a text is an environment marker as `packaging` reads it. What it says does not matter: all environments are judged. */
export function isMarker(text: string): boolean {
  const tokens = tokenize(text);
  if (tokens === undefined) return false;
  const end = marker(tokens, 0, 0);
  return end === tokens.length;
}

/** Each function gives the position after what it read, or undefined. */
function marker(tokens: readonly Token[], start: number, depth: number): number | undefined {
  let at = atom(tokens, start, depth);
  while (at !== undefined && tokens[at] === "bool") at = atom(tokens, at + 1, depth);
  return at;
}

function atom(tokens: readonly Token[], start: number, depth: number): number | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (tokens[start] === "(") {
    const end = marker(tokens, start + 1, depth + 1);
    return end !== undefined && tokens[end] === ")" ? end + 1 : undefined;
  }
  const [left, op, right] = tokens.slice(start, start + 3);
  return left === "value" && op === "op" && right === "value" ? start + 3 : undefined;
}

type Token = "(" | ")" | "bool" | "op" | "value";

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) return undefined;
    at = TOKEN.lastIndex;
    if (groups["quoted"] !== undefined && BAD_ESCAPE.test(groups["quoted"])) return undefined;
    const kind = (["open", "close", "bool", "op"] as const).find((name) => groups[name]);
    if (groups["space"] !== undefined) continue;
    tokens.push(kind === "open" ? "(" : kind === "close" ? ")" : (kind ?? "value"));
  }
  return tokens;
}

const VARIABLES =
  "python_version|python_full_version|os[._]name|sys[._]platform|platform_(?:release|system)|" +
  "platform[._](?:version|machine|python_implementation)|python_implementation|" +
  "implementation_(?:name|version)|extras?|dependency_groups";

const TOKEN = new RegExp(
  `(?<space>[ \\t]+)|(?<open>\\()|(?<close>\\))|(?<quoted>'[^']*'|"[^"]*")|` +
    `(?<op>===|==|~=|!=|<=|>=|<|>|\\bin\\b|\\bnot\\b[ \\t]+in\\b)|(?<bool>\\b(?:or|and)\\b)|` +
    `(?<variable>\\b(?:${VARIABLES})\\b)`,
  "y",
);

/** What Python refuses inside quotes: NUL, an escaped end, or half an escape. */
const BAD_ESCAPE =
  /\0|^.(?:[^\\]|\\[^xuUN])*(?:\\.$|\\x(?![0-9a-fA-F]{2})|\\u(?![0-9a-fA-F]{4})|\\U(?!000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|\\N)/s;
const MAX_DEPTH = 64;
