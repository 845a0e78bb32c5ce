/** Random data directories for DVC, the same for the same seed. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";

/** Files by path. */
type Tree = readonly (readonly [path: string, file: TreeFile])[];
interface TreeFile {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
  /** Whether a link to the file stands in its place. */
  readonly linked: boolean;
}

/** Names that one implementation of JSON, sorting or paths would treat unlike another. */
const HOSTILE = [
  "café.txt|cafe\u0301.txt|日本|😀.txt|\uffee.txt|\u{10ffff}|\u200b|\u202e|\u0085|\u2028|\ufeff",
  "tab\there|new\nline|cr\rlf|del\u007f|\u0001|\b\f| |  x |a b|a\"b\\c|\\u0041|'|&|<|~|$HOME|%s",
  "#|!x|*|[a]|a-b|a.txt|a|aa|A|-rf|--|.gitignore|.hidden|null|1|0",
  // Left out by DVC at any depth.
  ".git|.hg|.git\n",
].flatMap((names) => names.split("|"));
/** Few and short, so that patterns of a `.dvcignore` often hit. */
const PLAIN = "a|b|ab|a.txt|b.txt|.x|a b|[a]|a]|!a|#b|b.d|a\n|a\nb".split("|");
const GLOBS = "a*|*b|*.txt|[ab]|[!a]b|[a-b].txt|?|??|a?|\\[a]|[]a]|a\\ b|a\\*b|[^b]|*.*".split("|");

const hostileName = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((name) => !/[/\0]/.test(name) && ![".", "..", ".dvc", ".dvcignore"].includes(name)),
);

const content = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 6,
    // Text as DVC 2 saw it, with line ends of both kinds and a few odd bytes.
    arbitrary: fc
      .array(fc.constantFrom("a", "line", "\r\n", "\n", "\r", "\u00e9", "\0"), { maxLength: 30 })
      .map((parts) => Buffer.from(parts.join(""))),
  },
  {
    weight: 1,
    // Longer than one of the chunks in which DVC reads, with a line end near its edge.
    arbitrary: fc.tuple(fc.nat(3), fc.constantFrom("t", "\0")).map(([shift, tail]) => {
      const head = "x".repeat(2 ** 20 - shift);
      return Buffer.from(`${head}\r\n${tail}\r\n`);
    }),
  },
);

function treesOf(name: fc.Arbitrary<string>): fc.Arbitrary<Tree> {
  const linked = fc.nat(12).map((n) => n === 0);
  const file = fc.record({ bytes: content, executable: fc.boolean(), linked });
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  return fc.array(fc.tuple(path, file), { maxLength: 14 }).map(distinct);
}

/** A name is a file or a directory, once. */
export function distinct(files: Tree): Tree {
  const taken: string[] = [];
  return files.filter(([at]) => {
    if (taken.some((other) => other === at || overlaps(other, at))) return false;
    taken.push(at);
    return true;
  });
}

function overlaps(a: string, b: string): boolean {
  return a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

export function hostileTrees(count: number, seed: number): Tree[] {
  return fc.sample(treesOf(hostileName), { numRuns: count, seed });
}

export function plainTrees(count: number, seed: number): Tree[] {
  return fc.sample(treesOf(fc.constantFrom(...PLAIN)), { numRuns: count, seed });
}

/** `.dvcignore` files: none of their lines is about the trees themselves, which have longer names. */
export function ignoreFiles(count: number, seed: number): string[] {
  const names = PLAIN.filter((plain) => !plain.includes("\n"));
  const name = fc.constantFrom(...names.map((plain) => plain.replace(/^[!#]/, "\\$&")), ...GLOBS);
  const path = fc.tuple(
    fc.constantFrom("", "", "/tree-*/", "**/", "tree-*/**/", "/**/", "!", "!", "!**/"),
    fc.array(name, { minLength: 1, maxLength: 2 }).map((parts) => parts.join("/")),
    fc.constantFrom("", "", "/", "/**", "/*", " ", "/**/"),
  );
  const line = fc.oneof(
    { weight: 9, arbitrary: path.map((parts) => parts.join("")) },
    { weight: 1, arbitrary: fc.constantFrom("# a comment", "", "   ", "[a", "/") },
  );
  return fc
    .sample(fc.array(line, { maxLength: 5 }), { numRuns: count, seed })
    .map((lines) => lines.join("\n"));
}

export function writeTree(root: string, tree: Tree): void {
  mkdirSync(root, { recursive: true });
  for (const [index, [path, { bytes, executable, linked }]] of tree.entries()) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    const file = linked ? `${root}.${index}.real` : place;
    writeFileSync(file, bytes);
    if (executable) chmodSync(file, 0o755);
    if (linked) symlinkSync(file, place);
  }
}
