/** What pip's option parser makes of a line's options. */
export interface LineOptions {
  readonly hashes: readonly { readonly algorithm: string; readonly hex: string }[];
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  readonly editables: readonly string[];
  readonly noBinary: readonly string[];
  readonly onlyBinary: readonly string[];
  /** Options that take effect on a line of their own: long name and value. */
  readonly others: readonly (readonly [string, string])[];
  /** Words that are neither options nor their values: pip ignores them. */
  readonly leftover: readonly string[];
}

/** pip's command-line grammar for lines changes with its version. */
export type PipVersion = "23.2" | "26.3";

/** Words to options, as Python's `optparse` does: clusters, abbreviations, `--`. A string is why not. */
export function parseOptions(words: readonly string[], version: PipVersion): LineOptions | string {
  const rest = [...words];
  const out = {
    hashes: [] as { algorithm: string; hex: string }[],
    requirements: [] as string[],
    constraints: [] as string[],
    editables: [] as string[],
    noBinary: [] as string[],
    onlyBinary: [] as string[],
    others: [] as (readonly [string, string])[],
    leftover: [] as string[],
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      out.leftover.push(...rest);
      break;
    }
    const problem = word.startsWith("--")
      ? longOption(word, rest, version, out)
      : word.startsWith("-") && word.length > 1
        ? shortOptions(word, rest, version, out)
        : void out.leftover.push(word);
    if (problem !== undefined) return problem;
  }
  return out;
}

type Draft = { -readonly [K in keyof LineOptions]: LineOptions[K][number][] };

function longOption(
  word: string,
  rest: string[],
  version: PipVersion,
  out: Draft,
): string | undefined {
  const equals = word.indexOf("=");
  const given = equals < 0 ? word : word.slice(0, equals);
  const names = given in LONG && exists(given, version) ? [given] : abbreviated(given, version);
  const name = names[0];
  if (name === undefined) return `no such option: ${given}`;
  if (names.length > 1) return `ambiguous option: ${given} (${names.toSorted().join(", ")}?)`;
  if (LONG[name] === "flag") {
    return equals < 0 ? apply(name, "", version, out) : `${name} option does not take a value`;
  }
  const value = equals < 0 ? rest.shift() : word.slice(equals + 1);
  return value === undefined
    ? `${name} option requires 1 argument`
    : apply(name, value, version, out);
}

function abbreviated(given: string, version: PipVersion): string[] {
  return Object.keys(LONG).filter((name) => name.startsWith(given) && exists(name, version));
}

function shortOptions(
  word: string,
  rest: string[],
  version: PipVersion,
  out: Draft,
): string | undefined {
  // Every short option takes a value, so that the rest of a cluster is the value of its first.
  const name = SHORT[word.slice(0, 2)];
  if (name === undefined) return `no such option: ${word.slice(0, 2)}`;
  const value = word.length > 2 ? word.slice(2) : rest.shift();
  return value === undefined
    ? `${word.slice(0, 2)} option requires 1 argument`
    : apply(name, value, version, out);
}

function apply(name: string, value: string, version: PipVersion, out: Draft): string | undefined {
  switch (name) {
    case "--hash":
      return applyHash(value, out);
    case "--requirement":
      return void out.requirements.push(value);
    case "--constraint":
      return void out.constraints.push(value);
    case "--editable":
      return void out.editables.push(value);
    case "--no-binary":
      return value.startsWith("-") ? `${name} requires 1 argument` : void out.noBinary.push(value);
    case "--only-binary":
      return value.startsWith("-")
        ? `${name} requires 1 argument`
        : void out.onlyBinary.push(value);
    case "--config-settings":
      if (!value.includes("=")) return "Arguments to --config-settings must be KEY=VAL";
      break;
    case "--use-feature":
      if (!FEATURES[version].has(value)) return `invalid choice: ${value}`;
      break;
    case "--all-releases":
    case "--only-final":
      if (value.startsWith("-")) return `${name} requires 1 argument`;
      break;
  }
  out.others.push([name === "--pypi-url" ? "--index-url" : name, value]);
  return undefined;
}

function applyHash(value: string, out: Draft): string | undefined {
  const colon = value.indexOf(":");
  if (colon < 0) return "Arguments to --hash must be a hash name followed by a value";
  const algorithm = value.slice(0, colon);
  if (!STRONG.has(algorithm)) {
    return `${ALGORITHMS}, found "${algorithm}"`;
  }
  return void out.hashes.push({ algorithm, hex: value.slice(colon + 1) });
}

function exists(name: string, version: PipVersion): boolean {
  return SINCE[name] === undefined || SINCE[name] === version;
}

/** How the message on an algorithm begins. */
const ALGORITHMS = "--hash takes sha256, sha384 or sha512";

const STRONG: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);

const LONG: Readonly<Record<string, "flag" | "value">> = {
  "--index-url": "value",
  "--pypi-url": "value",
  "--extra-index-url": "value",
  "--no-index": "flag",
  "--constraint": "value",
  "--requirement": "value",
  "--editable": "value",
  "--find-links": "value",
  "--no-binary": "value",
  "--only-binary": "value",
  "--prefer-binary": "flag",
  "--require-hashes": "flag",
  "--no-require-hashes": "flag",
  "--pre": "flag",
  "--all-releases": "value",
  "--only-final": "value",
  "--trusted-host": "value",
  "--use-feature": "value",
  "--global-option": "value",
  "--hash": "value",
  "--config-settings": "value",
};

/** Options that only one of the two versions has. */
const SINCE: Readonly<Record<string, PipVersion>> = {
  "--no-require-hashes": "26.3",
  "--all-releases": "26.3",
  "--only-final": "26.3",
  "--global-option": "23.2",
};

const SHORT: Readonly<Record<string, string>> = {
  "-i": "--index-url",
  "-c": "--constraint",
  "-r": "--requirement",
  "-e": "--editable",
  "-f": "--find-links",
  "-C": "--config-settings",
};

const FEATURES: Readonly<Record<PipVersion, ReadonlySet<string>>> = {
  "23.2": new Set(["fast-deps", "truststore", "no-binary-enable-wheel-cache"]),
  "26.3": new Set([
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "build-constraint",
  ]),
};
