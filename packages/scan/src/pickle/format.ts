import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";
import { judgePickle, type Remark } from "./judge.ts";
import { COST_OF_STREAM, type Pickle, PICKLE_LIMITS, readPickle } from "./machine.ts";
import { isPickle } from "./recognise.ts";
import { storageBytes, TORCH_STREAMS } from "./torch-legacy.ts";

/** Python's pickles, one after another, with the raw bytes that joblib and PyTorch put among them. */
export const PICKLE: Format = {
  name: "pickle",
  recognises: (source) => isPickle(source),
  scan: (source, examination) => new Scan(source, examination).run(),
};

class Scan {
  readonly #source: ByteSource;
  readonly #examination: Examination;
  readonly #said = new Set<string>();
  #opcodes = PICKLE_LIMITS.opcodes;

  constructor(source: ByteSource, examination: Examination) {
    this.#source = source;
    this.#examination = examination;
  }

  async run(): Promise<void> {
    this.#examination.format("pickle");
    const { size } = this.#source;
    let storages: Pickle | undefined;
    let torch = false;
    for (let at = 0, stream = 0; at < size || stream === 0; stream++) {
      const pickle = this.#stream(at, stream > 0);
      for (const { offset, length } of pickle.loads) {
        const bytes = sliceSource(this.#source, offset, length);
        await this.#examination.descend(`(bytes at ${offset})`, bytes);
      }
      if (stream === 0) torch = pickle.torchMagic;
      if (torch && stream === 3) storages = pickle;
      if (pickle.broken !== undefined) {
        if (stream > 0) this.#search(pickle.end);
        return;
      }
      at = pickle.end;
      // An editor's newline is no stream, and loading it fails.
      if (at === size - 1 && this.#source.read(at, 1)[0] === 0x0a) return;
      if (torch && stream === TORCH_STREAMS - 1 && storages !== undefined) {
        this.#examination.format("torch-legacy");
        const expected = storageBytes(storages);
        if (expected === size - at) return;
        this.#say({
          verdict: "unscannable",
          rule: "torch-storages",
          message:
            expected === undefined
              ? "holds storages of an unknown type"
              : `holds ${size - at} bytes of storages, and its tensors want ${expected}`,
          offset: at,
        });
        this.#search(at);
        return;
      }
    }
  }

  /** Reads one stream in each way that a reader of the file may. */
  #stream(at: number, later: boolean): Pickle {
    const pickle = this.#read(at, "skip");
    this.#judge(pickle);
    const { broken } = pickle;
    if (broken !== undefined) {
      this.#say({
        verdict: "unscannable",
        rule: later ? "data-after-stop" : "pickle-broken",
        message: later ? `holds data behind its end, which ${broken.message}` : broken.message,
        offset: broken.offset,
      });
    }
    // To any reader but joblib's, the bytes of its arrays are opcodes.
    if (pickle.arrays > 0) {
      this.#examination.format("joblib");
      this.#judgeOther(this.#read(at, "opcodes"));
    }
    if (pickle.alignedArrays > 0) this.#judgeOther(this.#read(at, "skip-unaligned"));
    return pickle;
  }

  #read(at: number, arrays: "opcodes" | "skip" | "skip-unaligned"): Pickle {
    const limits = { opcodes: this.#opcodes };
    const pickle = readPickle(this.#source, at, { arrays, limits });
    this.#opcodes = Math.max(0, this.#opcodes - pickle.opcodes - COST_OF_STREAM);
    return pickle;
  }

  #judge(pickle: Pickle): void {
    for (const remark of judgePickle(pickle)) this.#say(remark);
    if (pickle.imports.length > 0 || pickle.broken !== undefined) return;
    this.#say({ verdict: "allowed", rule: "pickle-data", message: "imports nothing" });
  }

  /** What a reader does that was not meant to; that it breaks somewhere is no surprise. */
  #judgeOther(pickle: Pickle): void {
    for (const remark of judgePickle(pickle, "read by plain pickle, ")) {
      if (!BY_CHANCE.has(remark.rule) && remark.verdict !== "allowed") this.#say(remark);
    }
  }

  /** Looks for pickles in bytes that are none: somebody may load them from there. */
  #search(from: number): void {
    const size = Math.min(this.#source.size, from + SEARCHED);
    let opcodes = 100_000_000;
    for (let at = from; at < size;) {
      const block = this.#source.read(at, BLOCK);
      const found = block.indexOf(0x80);
      if (found < 0) {
        at += block.length;
        continue;
      }
      const start = at + found;
      at = start + 1;
      if (!isProto(this.#source, start)) continue;
      const part = sliceSource(this.#source, start, this.#source.size - start);
      const pickle = readPickle(part, 0, { limits: { opcodes }, arrays: "opcodes" });
      opcodes -= pickle.opcodes + COST_OF_STREAM;
      for (const remark of judgePickle(pickle, "behind its end, ")) {
        if (remark.verdict === "allowed" || remark.verdict === "unscannable") continue;
        this.#say({ ...remark, offset: start + (remark.offset ?? 0) });
      }
      if (opcodes <= 0) return;
      // A stream that was read to its end is done with.
      if (pickle.broken === undefined) at = start + pickle.end;
    }
  }

  #say(remark: Remark): void {
    const name = remark.import === undefined ? "" : JSON.stringify(remark.import);
    const key = `${remark.verdict} ${remark.rule} ${name === "" ? remark.message : name}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#examination.report(remark);
  }
}

function isProto(source: ByteSource, at: number): boolean {
  const bytes = source.read(at, 2);
  return bytes[0] === 0x80 && (bytes[1] ?? 255) <= 5;
}

/** What numbers that are read as opcodes do every so often, and what ends such a reading. */
const BY_CHANCE: ReadonlySet<string> = new Set([
  "pickle-call-of-result",
  "pickle-computed-name",
  "pickle-conformance",
  "pickle-extension",
]);

/** The file is `unscannable` in any case; what lies further behind its end is not looked at. */
const SEARCHED = 256 * 1024 * 1024;
const BLOCK = 256 * 1024;
