/** Gives the value of a variable; undefined where the file has none. */
export type Lookup = (name: string) => string | undefined;

/**
 * Expands `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME-word}`, `${NAME:+word}` and `${NAME+word}`
 * as Dockerfiles and Compose do. Undefined where a variable has no value, for forms beyond these, and for what is
 * longer than any reference: values of values can double with every line.
 */
export function expandVariables(text: string, lookup: Lookup): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  let known = true;
  const expanded = text.replace(VARIABLE, (all, bare, braced, operator, word) => {
    if (all === "$$") return "$";
    const value = lookup((bare ?? braced) as string);
    const plain = operator === undefined || operator === "";
    const result = plain ? value : operate(operator as string, value, word as string);
    if (result === undefined) known = false;
    return result ?? "";
  });
  if (!known || expanded.length > MAX_LENGTH) return undefined;
  return /[${}]/.test(expanded) ? undefined : expanded;
}

/** Whether a text holds a variable. */
export function hasVariable(text: string): boolean {
  return text.includes("$");
}

function operate(operator: string, value: string | undefined, word: string): string | undefined {
  // A word with a variable of its own is left to the caller as unknown.
  if (word.includes("$")) return undefined;
  if (operator.endsWith("-")) return value ?? word;
  if (operator.endsWith("+")) return value === undefined ? "" : word;
  return value;
}

const VARIABLE = /\$\$|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-+?])([^{}]*))?\})/g;
const MAX_LENGTH = 4096;
