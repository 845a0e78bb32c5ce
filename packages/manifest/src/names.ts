import { MlsignError, printable } from "@mlsign/core";

/** What OMS leaves out at the top of a model (OMS 6.1). */
export const GIT_PATHS: readonly string[] = [".git", ".gitattributes", ".github", ".gitignore"];

/** What keeps a name from being one of a model's files, or undefined (OMS 6.1.2). */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (!name.isWellFormed()) return "is not valid Unicode";
  if (name.startsWith("/")) return "is absolute";
  if (name.includes("\0")) return "holds a NUL";
  if (name.includes("\\")) return "holds a backslash, which other systems take for a separator";
  if (!UNSAFE_PART.test(`/${name}/`)) return undefined;
  return "has an empty, `.` or `..` part";
}

/** @throws MlsignError `name-invalid` */
export function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  throw new MlsignError("name-invalid", `Cannot sign "${printable(name)}": its name ${problem}`, {
    hint: "rename the file, or leave it out",
  });
}

/** An ignored path in the one form that is compared: without `./` before and `/` behind. */
export function normalIgnore(path: string): string {
  return path.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
}

/** Whether ignoring this path leaves nothing of a model. */
export function ignoresAll(path: string): boolean {
  return path.split("/").every((part) => part === "" || part === "." || part === "..");
}

/** Whether a name is one of these paths, or below one. */
export function isIgnored(name: string, ignorePaths: Iterable<string>): boolean {
  const ignores = new Set([...ignorePaths].map(normalIgnore));
  return ignores.has(name) || parentsOf(name).some((parent) => ignores.has(parent));
}

/** `a/b/c` gives `a`, `a/b`. */
export function parentsOf(name: string): string[] {
  const parents: string[] = [];
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
    parents.push(name.slice(0, at));
  }
  return parents;
}

/**
 * Pairs of names that a file system may take for one: they differ only by letter case, or by the
 * Unicode form of a letter (NFC, NFD).
 */
export function clashesOf(names: readonly string[]): [string, string][] {
  // Lower-case ASCII names clash only with others: most models have none of those.
  const others = names.filter((name) => !PLAIN.test(name));
  const groups = new Map(others.map((name): [string, string[]] => [folded(name), []]));
  if (groups.size === 0) return [];
  for (const name of names) groups.get(PLAIN.test(name) ? name : folded(name))?.push(name);
  return [...groups.values()].flatMap(([first = "", ...rest]) => {
    return rest.map((name): [string, string] => [first, name]);
  });
}

function folded(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

// oxlint-disable-next-line no-control-regex -- all of ASCII but capitals
const PLAIN = /^[\x00-@[-\x7f]*$/;
const UNSAFE_PART = /\/\.{0,2}\//;
