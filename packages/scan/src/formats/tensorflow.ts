import { Cut } from "../cursor.ts";
import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";
import { scanJson } from "./json.ts";
import { type Field, fields, fits, textField } from "./protobuf.ts";

/** TensorFlow's graphs: a SavedModel, or a graph alone. */
export const TENSORFLOW: Format = {
  name: "tensorflow",
  recognises: (source) => kindOf(source) !== undefined,
  async scan(source, examination) {
    const kind = kindOf(source) ?? "saved-model";
    examination.format(kind);
    const scan = new GraphScan(source, examination);
    const whole = { number: 0, wire: 2, value: 0, from: 0, to: source.size } as const;
    try {
      if (kind === "saved-model") scan.savedModel(whole);
      else if (kind === "tf-graph") scan.graph(whole);
      else if (kind === "keras-metadata") scan.kerasMetadata(whole);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      examination.report({ verdict: "unscannable", rule: "tf-cut", message: error.message });
    }
  },
};

type Kind =
  | "saved-model"
  | "tf-graph"
  | "keras-metadata"
  | "sentencepiece"
  | "tf-fingerprint"
  | "tf-table";

function kindOf(source: ByteSource): Kind | undefined {
  if (source.size >= 48 && source.read(source.size - 8, 8).toString("hex") === TABLE_MAGIC)
    return "tf-table";
  // The first byte is a tag of one of the shapes below.
  const first = source.read(0, 1)[0] ?? 0;
  if (first !== 0x08 && first !== 0x0a && first !== 0x12 && first !== 0x22) return undefined;
  if (
    source.size < 256 &&
    fits(source, { 1: "0", 2: "0", 3: "0", 4: "0", 5: "0", 6: "2", 7: "2" }) &&
    first === 0x08
  ) {
    return "tf-fingerprint";
  }
  if (fits(source, { 1: "0", 2: "2" })) {
    return everyField(source, 2, META_GRAPH) ? "saved-model" : undefined;
  }
  if (!fits(source, { 1: "2", 2: "2", 3: "02", 4: "2", 5: "2" })) return undefined;
  if (everyField(source, 1, { 1: "2", 2: "5", 3: "0" })) return "sentencepiece";
  if (everyField(source, 1, { 2: "0", 3: "2", 4: "2", 5: "2", 6: "2" })) return "keras-metadata";
  return everyField(source, 1, NODE) ? "tf-graph" : undefined;
}

/** Whether there is a field of that number, and each is of a shape. */
function everyField(
  source: ByteSource,
  wanted: number,
  shape: Readonly<Record<number, string>>,
): boolean {
  let count = 0;
  for (const { number, from, to } of fields(source)) {
    if (number !== wanted) continue;
    if (!fits(source, shape, from, to)) return false;
    count += 1;
  }
  return count > 0;
}

class GraphScan {
  readonly #source: ByteSource;
  readonly #examination: Examination;
  readonly #told = new Set<string>();

  constructor(source: ByteSource, examination: Examination) {
    this.#source = source;
    this.#examination = examination;
  }

  savedModel(model: Field): void {
    this.#each(model, 2, (meta) => {
      this.#each(meta, 2, (graph) => this.graph(graph));
      this.#each(meta, 7, (objects) =>
        this.#each(objects, 1, (object) =>
          this.#each(object, 4, (user) => this.#each(user, 3, (text) => this.#json(text))),
        ),
      );
    });
  }

  kerasMetadata(whole: Field): void {
    this.#each(whole, 1, (object) => this.#each(object, 5, (text) => this.#json(text)));
  }

  graph(graph: Field): void {
    this.#each(graph, 1, (node) => this.#node(node, ""));
    this.#each(graph, 2, (library) =>
      this.#each(library, 1, (body) => {
        let name = "";
        this.#each(body, 1, (signature) =>
          this.#each(signature, 1, (text) => {
            name = textField(this.#source, text);
          }),
        );
        this.#each(body, 3, (node) => this.#node(node, name));
      }),
    );
  }

  #node(node: Field, owner: string): void {
    let name = "";
    let operator = "";
    this.#each(node, 1, (text) => {
      name = textField(this.#source, text);
    });
    this.#each(node, 2, (text) => {
      operator = textField(this.#source, text);
    });
    // A name with its package before it is of a library that somebody brings.
    const foreign = ["unknown-import", "is not TensorFlow's own"] as const;
    const known = OPERATORS.get(operator) ?? (operator.includes(">") ? foreign : undefined);
    if (known === undefined || this.#told.has(operator)) return;
    // Every SavedModel has one function that saves it again, which nothing calls by itself.
    if (
      known[0] === "saver" &&
      (owner.startsWith("__inference__traced_save") || /^save(?:_\d+)?\//.test(name))
    )
      return;
    this.#told.add(operator);
    this.#examination.report({
      verdict: known[0] === "saver" ? "executable" : known[0],
      rule: "tf-operator",
      message: `has the operator ${operator}, which ${known[1]}`,
    });
  }

  #json({ from, to }: Field): void {
    scanJson(sliceSource(this.#source, from, to - from), 0, this.#examination);
  }

  #each(field: Field, number: number, visit: (inner: Field) => void): void {
    for (const inner of fields(this.#source, field.from, field.to)) {
      if (inner.number === number && inner.wire === 2) visit(inner);
    }
  }
}

const OPERATORS: ReadonlyMap<string, readonly ["dangerous" | "executable" | "saver", string]> =
  new Map([
    ["PyFunc", ["dangerous", "calls Python"]],
    ["PyFuncStateless", ["dangerous", "calls Python"]],
    ["EagerPyFunc", ["dangerous", "calls Python"]],
    ["ReadFile", ["dangerous", "reads any file"]],
    ["WriteFile", ["dangerous", "writes any file"]],
    ["MatchingFiles", ["dangerous", "lists files"]],
    ["ImmutableConst", ["executable", "maps a file into memory"]],
    ["PrintV2", ["executable", "can write to a file"]],
    ["DebugIdentity", ["executable", "can write to a file or a server"]],
    ["DebugIdentityV2", ["executable", "can write to a file"]],
    ["DebugIdentityV3", ["executable", "can write to a file or a server"]],
    ["DebugNanCount", ["executable", "can write to a file or a server"]],
    ["DebugNumericSummary", ["executable", "can write to a file or a server"]],
    ["DumpTensor", ["executable", "writes a file"]],
    ["SummaryWriter", ["executable", "writes files"]],
    ["CreateSummaryFileWriter", ["executable", "writes files"]],
    ["CreateSummaryDbWriter", ["executable", "writes a database"]],
    ["WholeFileReader", ["executable", "reads files"]],
    ["WholeFileReaderV2", ["executable", "reads files"]],
    ["TextLineReader", ["executable", "reads files"]],
    ["TextLineReaderV2", ["executable", "reads files"]],
    ["TextLineDataset", ["executable", "reads files"]],
    ["TFRecordReader", ["executable", "reads files"]],
    ["TFRecordReaderV2", ["executable", "reads files"]],
    ["TFRecordDataset", ["executable", "reads files"]],
    ["TFRecordDatasetV2", ["executable", "reads files"]],
    ["FixedLengthRecordReader", ["executable", "reads files"]],
    ["FixedLengthRecordReaderV2", ["executable", "reads files"]],
    ["FixedLengthRecordDataset", ["executable", "reads files"]],
    ["FixedLengthRecordDatasetV2", ["executable", "reads files"]],
    ["LMDBReader", ["executable", "reads files"]],
    ["LMDBDataset", ["executable", "reads files"]],
    ["SqlDataset", ["executable", "reads a database"]],
    ["SaveDataset", ["executable", "writes files"]],
    ["SaveDatasetV2", ["executable", "writes files"]],
    ["LoadDataset", ["executable", "reads files"]],
    ["CacheDataset", ["executable", "can write to a file"]],
    ["CacheDatasetV2", ["executable", "can write to a file"]],
    ["SnapshotDataset", ["executable", "writes files"]],
    ["SnapshotDatasetV2", ["executable", "writes files"]],
    ["DecodeProtoV2", ["executable", "can read a file"]],
    ["EncodeProto", ["executable", "can read a file"]],
    ["RpcServer", ["executable", "talks to other machines"]],
    ["RpcClient", ["executable", "talks to other machines"]],
    ["RpcCall", ["executable", "talks to other machines"]],
    ["DataServiceDataset", ["executable", "talks to other machines"]],
    ["DataServiceDatasetV2", ["executable", "talks to other machines"]],
    ["RegisterDataset", ["executable", "talks to other machines"]],
    ["RegisterDatasetV2", ["executable", "talks to other machines"]],
    ["Save", ["saver", "writes files"]],
    ["SaveV2", ["saver", "writes files"]],
    ["SaveSlices", ["saver", "writes files"]],
    ["MergeV2Checkpoints", ["saver", "writes and removes files"]],
  ]);
const META_GRAPH: Readonly<Record<number, string>> = {
  1: "2",
  2: "2",
  3: "2",
  4: "2",
  5: "2",
  6: "2",
  7: "2",
};
const NODE: Readonly<Record<number, string>> = {
  1: "2",
  2: "2",
  3: "2",
  4: "2",
  5: "2",
  6: "2",
  7: "2",
};
const TABLE_MAGIC = "57fb808b247547db";
