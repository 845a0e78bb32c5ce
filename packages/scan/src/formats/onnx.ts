import { Cut } from "../cursor.ts";
import type { Examination, Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";
import { type Field, fields, fits, textField } from "./protobuf.ts";

/** ONNX models: operators that a library of somebody's has to bring, and data in other files. */
export const ONNX: Format = {
  name: "onnx",
  recognises: isOnnx,
  async scan(source, examination) {
    examination.format("onnx");
    try {
      new OnnxScan(source, examination).model();
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      examination.report({ verdict: "unscannable", rule: "onnx-cut", message: error.message });
    }
  },
};

function isOnnx(source: ByteSource): boolean {
  const first = source.read(0, 1)[0] ?? 0;
  if (!FIRST.has(first) || !fits(source, MODEL)) return false;
  for (const field of fields(source)) {
    if (field.number === 7 && fits(source, GRAPH, field.from, field.to)) return true;
  }
  return false;
}

class OnnxScan {
  readonly #source: ByteSource;
  readonly #examination: Examination;
  /** Operators that are not ONNX's own, and the ones that the model defines. */
  readonly #foreign = new Set<string>();
  readonly #defined = new Set<string>();
  readonly #told = new Set<string>();

  constructor(source: ByteSource, examination: Examination) {
    this.#source = source;
    this.#examination = examination;
  }

  model(): void {
    for (const field of fields(this.#source)) {
      if (field.number === 7) this.#graph(field, 0);
      if (field.number === 20) this.#each(field, (inner) => this.#graph(inner, 0));
      if (field.number === 25) this.#function(field);
    }
    for (const operator of this.#foreign) {
      if (this.#defined.has(operator)) continue;
      const [domain = "", name = ""] = operator.split("\n");
      this.#examination.report({
        verdict: "unknown-import",
        rule: "onnx-operator",
        message: `needs the operator ${JSON.stringify(name)} of ${JSON.stringify(domain)}, which is not ONNX's own`,
      });
    }
  }

  #each(field: Field, visit: (inner: Field) => void): void {
    for (const inner of fields(this.#source, field.from, field.to))
      if (inner.wire === 2) visit(inner);
  }

  #graph(field: Field, depth: number): void {
    if (depth > MAX_DEPTH) throw new Cut("has graphs too deep within graphs");
    this.#each(field, (inner) => {
      if (inner.number === 1) this.#node(inner, depth);
      if (inner.number === 5) this.#tensor(inner);
      if (inner.number === 15) this.#each(inner, (tensor) => this.#tensor(tensor));
    });
  }

  #function(field: Field): void {
    let name = "";
    let domain = "";
    this.#each(field, (inner) => {
      if (inner.number === 1) name = textField(this.#source, inner);
      if (inner.number === 10) domain = textField(this.#source, inner);
      if (inner.number === 7) this.#node(inner, 0);
      if (inner.number === 11) this.#attribute(inner, 0);
    });
    if (this.#defined.size < MAX_NAMES) this.#defined.add(`${domain}\n${name}`);
  }

  #node(field: Field, depth: number): void {
    let operator = "";
    let domain = "";
    this.#each(field, (inner) => {
      if (inner.number === 4) operator = textField(this.#source, inner);
      if (inner.number === 7) domain = textField(this.#source, inner);
      if (inner.number === 5) this.#attribute(inner, depth);
    });
    if (operator === "EPContext") this.#compiled();
    if (!DOMAINS.has(domain) && this.#foreign.size < MAX_NAMES) {
      this.#foreign.add(`${domain}\n${operator}`);
    }
  }

  #attribute(field: Field, depth: number): void {
    this.#each(field, (inner) => {
      if (inner.number === 5 || inner.number === 10) this.#tensor(inner);
      if (inner.number === 6 || inner.number === 11) this.#graph(inner, depth + 1);
      if (inner.number === 22 || inner.number === 23)
        this.#each(inner, (each) => this.#tensor(each));
    });
  }

  #tensor(field: Field): void {
    this.#each(field, (inner) => {
      if (inner.number !== 13) return;
      let key = "";
      let value = "";
      this.#each(inner, (entry) => {
        if (entry.number === 1) key = textField(this.#source, entry);
        if (entry.number === 2) value = textField(this.#source, entry);
      });
      if (key === "location") this.#external(value);
    });
  }

  #external(location: string): void {
    if (this.#told.has(location) || this.#told.size > MAX_NAMES) return;
    this.#told.add(location);
    const parts = location.split(/[/\\]/);
    const shown = JSON.stringify(location);
    if (/^[/\\]|^[A-Za-z]:/.test(location) || parts.includes("..") || location.includes("\0")) {
      return this.#examination.report({
        verdict: "dangerous",
        rule: "onnx-external",
        message: `takes data from ${shown}, which is outside of its folder`,
      });
    }
    this.#examination.refers(parts.filter((part) => part !== "" && part !== ".").join("/"));
  }

  #compiled(): void {
    if (this.#told.has("\0compiled")) return;
    this.#told.add("\0compiled");
    this.#examination.report({
      verdict: "executable",
      rule: "onnx-compiled",
      message: "holds what was compiled for one device (EPContext)",
    });
  }
}

const DOMAINS: ReadonlySet<string> = new Set([
  "",
  "ai.onnx",
  "ai.onnx.ml",
  "ai.onnx.training",
  "ai.onnx.preview.training",
  "com.microsoft",
]);
/** Fields of a model and of a graph, with their wire types. */
const MODEL: Readonly<Record<number, string>> = {
  1: "0",
  2: "2",
  3: "2",
  4: "2",
  5: "0",
  6: "2",
  7: "2",
  8: "2",
  14: "2",
  20: "2",
  25: "2",
  26: "2",
};
/** What a model can begin with: most other files are told apart by that. */
const FIRST: ReadonlySet<number> = new Set(
  Object.entries(MODEL).map(([number, wire]) => {
    const tag = Number(number) * 8 + Number(wire);
    return tag < 0x80 ? tag : (tag % 0x80) + 0x80;
  }),
);
const GRAPH: Readonly<Record<number, string>> = {
  1: "2",
  2: "2",
  5: "2",
  10: "2",
  11: "2",
  12: "2",
  13: "2",
  14: "2",
  15: "2",
  16: "2",
};
const MAX_DEPTH = 32;
const MAX_NAMES = 1000;
