/** One way to log in that a server offers (RFC 9110 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads a `WWW-Authenticate` header, which may offer several ways. What is not understood ends the
 * list: nothing is guessed from the rest.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header.slice(0, MOST_CHARACTERS);
  for (let at = 0; at < text.length;) {
    const parameter = matchAt(PARAMETER, text, at);
    const current = challenges.at(-1);
    if (parameter !== undefined && current !== undefined) {
      const [all, name = "", quoted, plain = ""] = parameter;
      const key = name.toLowerCase();
      // The same parameter twice means two things to two readers.
      if (current.parameters.has(key)) return challenges.slice(0, -1);
      current.parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain);
      at += all.length;
      continue;
    }
    const scheme = matchAt(SCHEME, text, at);
    if (scheme === undefined) break;
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() });
    at += scheme[0].length;
  }
  return challenges;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const MOST_CHARACTERS = 8 * 1024;
const PARAMETER =
  /[ \t,]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([\w.~+/:-]+))[ \t]*(?=,|$)/y;
const SCHEME = /[ \t,]*([\w!#$%&'*+.^`|~-]+)(?=[ \t,]|$)/y;
