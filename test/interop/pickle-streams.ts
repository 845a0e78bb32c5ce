/** Random pickles: streams of opcodes that mostly fit the stack, and mutations of them. */

/** Numbers that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Kind =
  | "bytearray"
  | "class"
  | "dict"
  | "list"
  | "object"
  | "plain"
  | "set"
  | "text"
  | "tuple"
  | "unhashable";

/** One stream of about `length` opcodes, of a random protocol. */
export function randomPickle(random: (below: number) => number, length: number): Buffer {
  return new Maker(random, length).make();
}

/** A few random bytes changed, removed, added or repeated. */
export function mutated(bytes: Buffer, random: (below: number) => number): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random(3); times > 0 && result.length > 0; times--) {
    const at = random(result.length);
    switch (random(6)) {
      case 0:
        result[at] = random(256);
        break;
      case 1:
        result = result.subarray(0, at);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(8))]);
        break;
      case 3:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(Array.from({ length: 1 + random(4) }, () => random(256))),
          result.subarray(at),
        ]);
        break;
      case 4:
        result = Buffer.concat([
          result.subarray(0, at),
          result.subarray(at, at + 1 + random(40)),
          result.subarray(at),
        ]);
        break;
      default:
        result[at] = (result[at] ?? 0) ^ (1 << random(8));
    }
  }
  return result;
}

class Maker {
  readonly #random: (below: number) => number;
  readonly #length: number;
  readonly #protocol: number;
  readonly #parts: Buffer[] = [];
  #stack: (Kind | "mark")[] = [];
  readonly #memo: Kind[] = [];

  constructor(random: (below: number) => number, length: number) {
    this.#random = random;
    this.#length = length;
    this.#protocol = random(6);
  }

  make(): Buffer {
    for (let i = 0; i < this.#length; i++) this.#step();
    while (this.#stack.includes("mark")) {
      this.#emit("t");
      this.#cut();
      this.#stack.push("unhashable");
    }
    while (this.#stack.length > 1) {
      this.#emit("\x86");
      this.#stack.splice(-2, 2, "unhashable");
    }
    if (this.#stack.length === 0) this.#emit("N");
    this.#emit(".");
    const body = Buffer.concat(this.#parts);
    const head = this.#protocol >= 2 ? Buffer.from([0x80, this.#protocol]) : Buffer.alloc(0);
    if (this.#protocol < 4 || this.#random(3) === 0) return Buffer.concat([head, body]);
    const frame = Buffer.alloc(9, 0x95);
    frame.writeBigUInt64LE(BigInt(body.length), 1);
    return Buffer.concat([head, frame, body]);
  }

  #emit(...parts: (Buffer | number | string)[]): void {
    for (const part of parts) {
      if (typeof part === "number") this.#parts.push(Buffer.from([part]));
      else this.#parts.push(typeof part === "string" ? Buffer.from(part, "latin1") : part);
    }
  }

  #step(): void {
    const options = [
      ...Array.from({ length: 3 }, () => () => this.#value()),
      () => this.#import(),
      () => this.#import(),
      () => this.#structure(),
      () => this.#structure(),
      () => this.#fill(),
      () => this.#call(),
      () => this.#call(),
      () => this.#remember(),
    ];
    options[this.#random(options.length)]?.();
  }

  #value(): void {
    const text = this.#word();
    const bytes = Buffer.from(text);
    const options: (() => Kind)[] = [
      () => (this.#emit("N"), "plain"),
      () => (this.#emit("K", this.#random(256)), "plain"),
      () => (this.#emit("M", this.#random(256), this.#random(256)), "plain"),
      () => (this.#emit("J", int32(this.#random(2 ** 31) - 2 ** 30)), "plain"),
      () => (this.#emit(`I${this.#random(1000) - 500}\n`), "plain"),
      () => (this.#emit("I01\n"), "plain"),
      () => (this.#emit(`L${this.#random(1000)}L\n`), "plain"),
      () => (this.#emit(`F${this.#random(1000)}.5\n`), "plain"),
      () => (this.#emit("G", Buffer.alloc(8, this.#random(256))), "plain"),
      () => (this.#emit("\x8a\x02", this.#random(256), this.#random(256)), "plain"),
      () => (this.#emit("X", int32(bytes.length), bytes), "text"),
      () => (this.#emit("\x8c", bytes.length, bytes), "text"),
      () => (this.#emit("\x8d", int32(bytes.length), int32(0), bytes), "text"),
      () => (this.#emit("U", bytes.length, bytes), "text"),
      () => (this.#emit("T", int32(bytes.length), bytes), "text"),
      () => (this.#emit(`S'${escaped(text, this.#random)}'\n`), "text"),
      () => (this.#emit(`V${unicode(text, this.#random)}\n`), "text"),
      () => (this.#emit("C", bytes.length, bytes), "plain"),
      () => (this.#emit("B", int32(bytes.length), bytes), "plain"),
      () => (this.#emit("\x96", int32(bytes.length), int32(0), bytes), "bytearray"),
      () => (this.#emit(")"), "tuple"),
      () => (this.#emit("]"), "list"),
      () => (this.#emit("}"), "dict"),
      () => (this.#emit("\x8f"), "set"),
      () => (this.#emit("\x88"), "plain"),
      () => (this.#emit(`P${text}\n`), "object"),
    ];
    this.#stack.push(options[this.#random(options.length)]?.() ?? "plain");
  }

  #word(): string {
    const words = [
      "os",
      "system",
      "a",
      "b.c",
      "_x9",
      "collections",
      "OrderedDict",
      "Größe",
      "x".repeat(40),
    ];
    return words[this.#random(words.length)] ?? "a";
  }

  #import(): void {
    const [module, name] = [this.#word(), this.#word()];
    const top = this.#stack.slice(-2);
    if (this.#random(3) === 0 && top.length === 2 && top.every((kind) => kind === "text")) {
      this.#emit("\x93");
      this.#stack.splice(-2, 2, "class");
    } else if (this.#random(2) === 0) {
      const [m, n] = [Buffer.from(module), Buffer.from(name)];
      this.#emit("\x8c", m.length, m, "\x8c", n.length, n, "\x93");
      this.#stack.push("class");
    } else {
      this.#emit(Buffer.from(`c${module}\n${name}\n`));
      this.#stack.push("class");
    }
  }

  #structure(): void {
    const top = this.#stack.at(-1);
    switch (this.#random(9)) {
      case 0:
        if (this.#stack.filter((kind) => kind === "mark").length > 5) return;
        this.#emit("(");
        this.#stack.push("mark");
        return;
      case 1:
      case 2: {
        const size = 1 + this.#random(3);
        const parts = this.#stack.slice(-size);
        if (parts.length < size || parts.includes("mark")) return;
        this.#emit(0x84 + size);
        this.#stack.splice(-size, size, parts.every(hashable) ? "tuple" : "unhashable");
        return;
      }
      case 3:
      case 4: {
        const parts = this.#sinceMark();
        if (parts === undefined) return;
        const [code, kind] = this.#random(2) === 0 ? ["t", "tuple"] : ["l", "list"];
        this.#emit(code ?? "t");
        this.#cut();
        this.#stack.push(kind === "list" ? "list" : parts.every(hashable) ? "tuple" : "unhashable");
        return;
      }
      case 5: {
        const parts = this.#sinceMark();
        if (parts === undefined || !parts.every(hashable)) return;
        this.#emit("\x91");
        this.#cut();
        this.#stack.push("plain");
        return;
      }
      case 6: {
        const parts = this.#sinceMark();
        if (parts === undefined || parts.length % 2 === 1) return;
        if (!parts.every((kind, i) => i % 2 === 1 || hashable(kind))) return;
        this.#emit("d");
        this.#cut();
        this.#stack.push("dict");
        return;
      }
      case 7:
        if (top === undefined) return;
        if (top === "mark") {
          this.#emit("0");
          this.#stack.pop();
          return;
        }
        this.#emit("2");
        this.#stack.push(top);
        return;
      default:
        if (top === undefined || this.#stack.length < 2) return;
        this.#emit("0");
        this.#stack.pop();
    }
  }

  #fill(): void {
    const [target, key, value] = this.#stack.slice(-3);
    if (value !== undefined && value !== "mark" && key !== undefined && key !== "mark") {
      const fits = target === "dict" ? hashable(key) : target === "object" || target === "class";
      if (fits && this.#random(2) === 0) {
        this.#emit("s");
        this.#stack.splice(-2, 2);
        return;
      }
      if (["list", "object", "class"].includes(key) && this.#random(2) === 0) {
        this.#emit("a");
        this.#stack.pop();
        return;
      }
    }
    const parts = this.#sinceMark();
    const owner = this.#stack.at(-(parts?.length ?? 0) - 2);
    if (parts === undefined || owner === undefined || owner === "mark") return;
    if (["list", "object", "class"].includes(owner)) this.#emit("e");
    else if (owner === "set" && parts.every(hashable)) this.#emit("\x90");
    else if (
      owner === "dict" &&
      parts.length % 2 === 0 &&
      parts.every((kind, i) => i % 2 === 1 || hashable(kind))
    ) {
      this.#emit("u");
    } else return;
    this.#cut();
  }

  #call(): void {
    const [callee, args] = this.#stack.slice(-2);
    switch (this.#random(6)) {
      case 0:
      case 1:
        if (args !== "tuple" && args !== "unhashable") return;
        if (callee !== "class" && callee !== "object") return;
        this.#emit("R");
        this.#stack.splice(-2, 2, "object");
        return;
      case 2:
        if (callee !== "class" || (args !== "tuple" && args !== "unhashable")) return;
        this.#emit("\x81");
        this.#stack.splice(-2, 2, "object");
        return;
      case 3:
        if (this.#sinceMark() === undefined) return;
        this.#emit(Buffer.from(`i${this.#word()}\n${this.#word()}\n`));
        this.#cut();
        this.#stack.push("object");
        return;
      case 4: {
        const parts = this.#sinceMark();
        if (parts?.[0] !== "class") return;
        this.#emit("o");
        this.#cut();
        this.#stack.push("object");
        return;
      }
      default:
        if (args === undefined || args === "mark") return;
        if (callee !== "object" && callee !== "class") {
          this.#emit("Q");
          this.#stack.splice(-1, 1, "object");
          return;
        }
        this.#emit("b");
        this.#stack.pop();
    }
  }

  #remember(): void {
    const top = this.#stack.at(-1);
    const known = this.#memo.length;
    if (known > 0 && this.#random(2) === 0) {
      const key = this.#random(known);
      const options = [`g${key}\n`, pair("h", key), Buffer.concat([Buffer.from("j"), int32(key)])];
      this.#emit(options[this.#random(3)] ?? "");
      this.#stack.push(this.#memo[key] ?? "plain");
    } else if (top !== undefined && top !== "mark" && known < 200) {
      const options = [
        `p${known}\n`,
        pair("q", known),
        Buffer.concat([Buffer.from("r"), int32(known)]),
        "\x94",
      ];
      this.#emit(options[this.#random(4)] ?? "");
      this.#memo.push(top);
    }
  }

  #sinceMark(): Kind[] | undefined {
    const at = this.#stack.lastIndexOf("mark");
    return at < 0 ? undefined : (this.#stack.slice(at + 1) as Kind[]);
  }

  #cut(): void {
    this.#stack = this.#stack.slice(0, this.#stack.lastIndexOf("mark"));
  }
}

function hashable(kind: Kind | "mark"): boolean {
  return !["bytearray", "dict", "list", "set", "unhashable"].includes(kind);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

function pair(code: string, value: number): Buffer {
  return Buffer.concat([Buffer.from(code), Buffer.from([value])]);
}

function escaped(text: string, random: (below: number) => number): string {
  return Array.from(text)
    .map((char) => (random(3) === 0 && char <= "z" ? `\\x${hex(char, 2)}` : char))
    .filter((char) => char <= "~")
    .join("");
}

function unicode(text: string, random: (below: number) => number): string {
  return Array.from(text)
    .map((char) => (random(3) === 0 || char > "~" ? `\\u${hex(char, 4)}` : char))
    .join("");
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}
