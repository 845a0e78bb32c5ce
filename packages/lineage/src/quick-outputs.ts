/** An output's DVC hash by its path. */
export type Outputs = ReadonlyMap<string, string>;

/**
 * Reads a `.dvc` file or `dvc.lock` of the very form that DVC writes, a hundred times faster than
 * YAML: a history holds thousands of them. `undefined` for anything else, quoted or commented or by
 * hand, which the parser is for; what is read here, it reads the same.
 */
export function quickOutputs(text: string, lock: boolean): Outputs | undefined {
  const lines = new Lines(text);
  const outputs = new Map<string, string>();
  if (!lock) {
    if (lines.take(OUTS) === undefined || !readFileItem(lines, outputs)) return undefined;
    return lines.end ? outputs : undefined;
  }
  if (lines.take(SCHEMA) === undefined || lines.take(STAGES) === undefined) return undefined;
  const names = new Set<string>();
  while (!lines.end) {
    const [, name] = lines.take(STAGE) ?? [];
    if (name === undefined || KEYWORD.test(name) || names.has(name)) return undefined;
    names.add(name);
    if (!readStage(lines, outputs)) return undefined;
  }
  return names.size === 0 ? undefined : outputs;
}

function readStage(lines: Lines, outputs: Map<string, string>): boolean {
  if (lines.take(COMMAND) === undefined) return false;
  if (lines.take(DEPS) !== undefined && !readItems(lines, new Map())) return false;
  if (lines.take(PARAMS) !== undefined && !readParams(lines)) return false;
  return lines.take(STAGE_OUTS) === undefined || readItems(lines, outputs);
}

function readFileItem(lines: Lines, outputs: Map<string, string>): boolean {
  const [, oid] = lines.take(FILE_OID) ?? [];
  lines.take(FILE_SIZE);
  lines.take(FILE_COUNT);
  lines.take(FILE_HASH);
  const [, path] = lines.take(FILE_PATH) ?? [];
  return add(outputs, path, oid);
}

function readItems(lines: Lines, outputs: Map<string, string>): boolean {
  let some = false;
  for (let item = lines.take(ITEM); item !== undefined; item = lines.take(ITEM)) {
    some = true;
    if (lines.take(ITEM_HASH) === undefined) return false;
    const [, oid] = lines.take(ITEM_OID) ?? [];
    lines.take(ITEM_SIZE);
    lines.take(ITEM_COUNT);
    lines.take(ITEM_EXECUTABLE);
    if (!add(outputs, item[1], oid)) return false;
  }
  return some;
}

/** One file's values, or several files', each named once. */
function readParams(lines: Lines): boolean {
  const files = new Set<string>();
  for (let file = lines.take(PARAM_FILE); file !== undefined; file = lines.take(PARAM_FILE)) {
    const [, name = ""] = file;
    if (KEYWORD.test(name) || files.has(name)) return false;
    files.add(name);
    const keys = new Set<string>();
    for (let value = lines.take(PARAM); value !== undefined; value = lines.take(PARAM)) {
      const [, key = ""] = value;
      if (KEYWORD.test(key) || keys.has(key)) return false;
      keys.add(key);
    }
    if (keys.size === 0) return false;
  }
  return files.size > 0;
}

/** YAML takes a word for nothing or a truth, and digits with one `e` for a number. */
function add(
  outputs: Map<string, string>,
  path: string | undefined,
  oid: string | undefined,
): boolean {
  if (path === undefined || KEYWORD.test(path)) return false;
  if (oid === undefined || !/[a-df.]/.test(oid)) return false;
  outputs.set(path, oid);
  return true;
}

/** Whole lines, each taken by one pattern or left for the next. */
class Lines {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get end(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

const KEYWORD = /^(?:null|true|false)$/i;
const OUTS = /outs:\n/y;
const FILE_OID = /- md5: ([0-9a-f]{32}(?:\.dir)?)\n/y;
const FILE_SIZE = /  size: (?:0|[1-9]\d{0,14})\n/y;
const FILE_COUNT = /  nfiles: (?:0|[1-9]\d{0,14})\n/y;
const FILE_HASH = /  hash: md5\n/y;
const FILE_PATH = /  path: ([A-Za-z_][\w./-]*)\n/y;
const SCHEMA = /schema: '2\.0'\n/y;
const STAGES = /stages:\n/y;
const STAGE = /  ([A-Za-z_][\w@.-]*):\n/y;
const COMMAND = /    cmd: [A-Za-z_./][\w ./=@%+,$"'(){}*<>|&;-]*[\w/]\n/y;
const DEPS = /    deps:\n/y;
const PARAMS = /    params:\n/y;
const STAGE_OUTS = /    outs:\n/y;
const ITEM = /    - path: ([A-Za-z_][\w./-]*)\n/y;
const ITEM_HASH = /      hash: md5\n/y;
const ITEM_OID = /      md5: ([0-9a-f]{32}(?:\.dir)?)\n/y;
const ITEM_SIZE = /      size: (?:0|[1-9]\d{0,14})\n/y;
const ITEM_COUNT = /      nfiles: (?:0|[1-9]\d{0,14})\n/y;
const ITEM_EXECUTABLE = /      isexec: true\n/y;
const PARAM_FILE = /      ([A-Za-z_][\w./-]*):\n/y;
const PARAM = /        ([A-Za-z_][\w.-]*): [A-Za-z0-9_][\w.+-]*\n/y;
