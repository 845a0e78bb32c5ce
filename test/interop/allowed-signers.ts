/** Random allowed signers files (ssh-keygen(1)), the same for the same seed. */
export function signersFiles(keys: readonly string[], count: number, seed: number): string[] {
  const random = mulberry(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const some = <T>(items: readonly T[], most: number): T[] =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(items));
  const option = (): string => {
    switch (pick(["namespaces", "after", "before", "ca", "ca"])) {
      case "namespaces":
        return `namespaces="${some(NAMESPACES, 2).join(",")}"`;
      case "after":
        return `valid-after="${pick(TIMES)}"`;
      case "before":
        return `valid-before="${pick(TIMES)}"`;
      default:
        return pick(["cert-authority", "CERT-AUTHORITY"]);
    }
  };
  const line = (): string => {
    if (random() < 0.1) return pick(["", "# a comment", "   "]);
    const names = some(PRINCIPALS, 3).join(",");
    const principals = random() < 0.1 ? `"${names}"` : names;
    // The same option twice is an error to ssh-keygen, and none of the questions here.
    const options = new Map(
      (random() < 0.3 ? [] : some([0, 1, 2], 3)).map(() => {
        const text = option();
        return [text.split("=")[0]?.toLowerCase(), text];
      }),
    );
    const between = (): string => pick([" ", " ", "\t", "  "]);
    const comment = random() < 0.2 ? " somebody's key" : "";
    const middle = options.size === 0 ? "" : `${[...options.values()].join(",")}${between()}`;
    return `${principals}${between()}${middle}${pick(keys)}${comment}`;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, line)
      .join("\n")
      .concat("\n"),
  );
}

/** A small generator of numbers: tests must repeat. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whom one may ask for. */
export const SIGNER_NAMES: readonly string[] = [
  "ana@example.com",
  "eve@example.com",
  "eve",
  "*",
  "*@example.com",
  "e?e",
  "!eve",
];
const PRINCIPALS = [
  "ana@example.com",
  "eve@example.com",
  "*@example.com",
  "*",
  "!eve",
  "eve",
  "e?e",
];
const NAMESPACES = ["git", "file", "*", "g?t", "!git", "!file"];
const TIMES = [
  "20250101",
  "20260101Z",
  "202603040506",
  "20260304050607",
  "20260304050608Z",
  "20270101",
];
