import { bufferSource, type ByteSource, sliceSource } from "../source.ts";
import { type Dtype, dtypeOf } from "./dtype.ts";
import { Memo, payloadOf, Ring, SPAN, tagOf } from "./memory.ts";
import { plainAscii, quoted, rawUnicode, textAt, utf8 } from "./text.ts";
import { Broken, Window } from "./window.ts";

/** A name that a pickle imports, as `find_class` is asked for it, and all that is done with it. */
export interface Import {
  readonly module: string;
  readonly name: string;
  /** Of the first opcode that asks for it. */
  readonly offset: number;
  /** Below 3, Python 3 translates Python 2's names. */
  readonly protocol: number;
  /** Made an instance of, without a call of its constructor: NEWOBJ, `copyreg._reconstructor`. */
  made: boolean;
  /** Called: REDUCE, or INST and OBJ with arguments. */
  called: boolean;
  /** Values were put into what it made: APPEND, SETITEM, ADDITEMS. */
  filled: boolean;
  /** Called in ways that were followed: `getattr` with a known name, a loader of known bytes. */
  followed: boolean;
  /** The imports that it was called with. */
  readonly given: Set<Import>;
}

/** Bytes of the stream that a call loads as a file of PyTorch's. */
interface Load {
  readonly offset: number;
  readonly length: number;
}

/** What the start of a stream costs, beside its opcodes: a window is read. */
export const COST_OF_STREAM = 4000;

/** What a stream does beyond importing. */
export interface Act {
  readonly kind: "build-of-import" | "call-of-result" | "computed-name" | "extension";
  readonly message: string;
  readonly offset: number;
}

/** A rule that picklers keep and this stream does not; readers go on, and so did the machine. */
export interface Fault {
  readonly message: string;
  readonly offset: number;
}

/** A storage of PyTorch's that a persistent id names. */
export interface Storage {
  readonly type: string;
  readonly items: number;
}

export interface Pickle {
  /** In the order of the opcodes, each module and name once. */
  readonly imports: readonly Import[];
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** Pickles in the stream's own bytes and texts that import something. */
  readonly nested: readonly Nested[];
  readonly loads: readonly Load[];
  /** After STOP, or where the stream broke. */
  readonly end: number;
  readonly opcodes: number;
  /** Arrays of joblib's whose bytes were skipped, and how many of them were aligned. */
  readonly arrays: number;
  readonly alignedArrays: number;
  /** Whether the value of the stream is the magic number of PyTorch's legacy files. */
  readonly torchMagic: boolean;
  /** By key. */
  readonly storages: ReadonlyMap<string, Storage>;
  /** Why nothing can be said of the rest. */
  readonly broken?: Fault;
}

export interface Nested {
  readonly how: string;
  readonly offset: number;
  readonly pickle: Pickle;
}

export interface PickleOptions {
  /** What becomes of the bytes behind an array of joblib's: `opcodes` for any other reader. */
  readonly arrays?: "skip" | "skip-unaligned" | "opcodes";
  /** Called for each time that CPython calls `find_class`. */
  readonly onImport?: (module: string, name: string) => void;
  readonly limits?: Partial<PickleLimits>;
  /** Levels of pickles within bytes and texts that are read. */
  readonly depth?: number;
}

export interface PickleLimits {
  /** Of the stream and of all that is nested in it. */
  readonly opcodes: number;
  readonly memo: number;
  readonly stack: number;
  readonly marks: number;
  readonly imports: number;
}

export const PICKLE_LIMITS: PickleLimits = {
  opcodes: 400_000_000,
  memo: 4_000_000,
  stack: 1_000_000,
  marks: 500_000,
  imports: 10_000,
};

/**
 * Runs one pickle stream on a stack and memo of its own, and executes nothing. The rules are
 * CPython's; where its readers differ (frames, names that the end cuts), the stream has a fault.
 */
export function readPickle(source: ByteSource, at = 0, options: PickleOptions = {}): Pickle {
  const machine = new Machine(source, at, options);
  try {
    machine.run();
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const broken = { message: error.message, offset: machine.opcodeAt };
    return { ...machine.seen(), broken };
  }
  return machine.seen();
}

class Machine {
  opcodeAt: number;
  readonly #source: ByteSource;
  readonly #in: Window;
  readonly #start: number;
  readonly #options: PickleOptions;
  readonly #limits: PickleLimits;
  #stack = new Float64Array(64);
  #height = 0;
  readonly #marks: number[] = [];
  #fence = 0;
  readonly #memo: Memo;
  readonly #ring = new Ring();
  #frameEnd = Infinity;
  #opcodes = 0;
  #nestedOpcodes = 0;
  #protocol = 0;
  #result = OPAQUE;
  #magic = false;
  readonly #imports: Import[] = [];
  readonly #known = new Map<string, number>();
  #nameBytes = 0;
  readonly #acts: Act[] = [];
  readonly #faults = new Map<string, Fault>();
  readonly #nested: Nested[] = [];
  readonly #loads: Load[] = [];
  readonly #texts = new Map<number, string>();
  readonly #dtypes: Dtype[] = [];
  /** Those that no state changes. */
  readonly #plainDtypes = new Map<string, number>();
  /** Newest dicts and what was put into them; kept only where joblib's arrays may follow. */
  readonly #dicts = new Map<number, number[]>();
  #made = 0;
  #joblib = false;
  #arrays = 0;
  #alignedArrays = 0;
  readonly #storages = new Map<string, Storage>();

  constructor(source: ByteSource, at: number, options: PickleOptions) {
    this.#source = source;
    this.#in = new Window(source, at);
    this.#start = at;
    this.opcodeAt = at;
    this.#options = options;
    this.#limits = { ...PICKLE_LIMITS, ...options.limits };
    this.#memo = new Memo(this.#limits.memo);
  }

  seen(): Pickle {
    return {
      imports: this.#imports,
      acts: this.#acts,
      faults: [...this.#faults.values()],
      nested: this.#nested,
      loads: this.#loads,
      end: this.#in.at,
      opcodes: this.#opcodes + this.#nestedOpcodes + Math.floor(this.#in.searched / 64),
      arrays: this.#arrays,
      alignedArrays: this.#alignedArrays,
      torchMagic: this.#magic && this.#result === MAGIC_VALUE,
      storages: this.#storages,
    };
  }

  run(): void {
    const input = this.#in;
    const most = this.#limits.opcodes;
    for (;;) {
      const at = input.base + input.next;
      if (at >= this.#frameEnd) this.#endFrame(at);
      this.opcodeAt = at;
      if (++this.#opcodes + this.#nestedOpcodes > most) throw new Broken("holds too many opcodes");
      const code = input.byte();
      switch (code) {
        case 0x80:
          this.#proto(input.byte());
          break;
        case 0x95:
          this.#frame(input.length());
          break;
        case 0x2e:
          this.#stop();
          return;
        case 0x28: // MARK
          if (this.#marks.length >= this.#limits.marks) throw new Broken("holds too many marks");
          this.#marks.push(this.#height);
          this.#fence = this.#height;
          break;
        case 0x30: // POP
          if (this.#marks.length > 0 && this.#fence === this.#height) this.#popMark();
          else this.#pop();
          break;
        case 0x31: // POP_MARK
          this.#height = this.#popMark();
          break;
        case 0x32: // DUP
          this.#push(this.#top());
          break;
        case 0x4e: // NONE
        case 0x88: // NEWTRUE
        case 0x89: // NEWFALSE
          this.#push(OPAQUE);
          break;
        case 0x4b: // BININT1
          this.#push(INT + input.byte());
          break;
        case 0x4d: // BININT2
          this.#push(INT + input.uint16());
          break;
        case 0x4a: // BININT
          this.#push(int(input.int32()));
          break;
        case 0x47: // BINFLOAT
          input.skip(8);
          this.#push(OPAQUE);
          break;
        case 0x49: // INT
        case 0x4c: // LONG
          this.#push(this.#textInt(code === 0x4c));
          break;
        case 0x46: // FLOAT
          input.line(LONGEST_NUMBER);
          this.#push(OPAQUE);
          break;
        case 0x8a: // LONG1
          this.#push(this.#long(input.byte()));
          break;
        case 0x8b: // LONG4
          this.#push(this.#long(input.signedLength()));
          break;
        case 0x53: // STRING
        case 0x56: // UNICODE
          this.#textLine(code);
          break;
        case 0x55: // SHORT_BINSTRING
        case 0x8c: // SHORT_BINUNICODE
          this.#chars(TEXT + at, input.byte());
          break;
        case 0x54: // BINSTRING
          this.#chars(TEXT + at, input.signedLength());
          break;
        case 0x58: // BINUNICODE
          this.#chars(TEXT + at, input.uint32());
          break;
        case 0x8d: // BINUNICODE8
          this.#chars(TEXT + at, input.length());
          break;
        case 0x43: // SHORT_BINBYTES
          this.#chars(BYTES + at, input.byte());
          break;
        case 0x42: // BINBYTES
          this.#chars(BYTES + at, input.uint32());
          break;
        case 0x8e: // BINBYTES8
          this.#chars(BYTES + at, input.length());
          break;
        case 0x96: // BYTEARRAY8
          this.#chars(BYTEARRAY, input.length());
          break;
        case 0x97: // NEXT_BUFFER
          this.#fault("takes a buffer from outside of the file");
          this.#push(BYTEARRAY);
          break;
        case 0x98: // READONLY_BUFFER
          this.#top();
          break;
        case 0x5d: // EMPTY_LIST
          this.#push(LIST);
          break;
        case 0x8f: // EMPTY_SET
          this.#push(SET);
          break;
        case 0x7d: // EMPTY_DICT
          this.#push(DICT + ++this.#made);
          break;
        case 0x29: // EMPTY_TUPLE
          this.#push(TUPLE);
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.#tuple(this.#height - (code - 0x84));
          break;
        case 0x74: // TUPLE
          this.#tuple(this.#popMark());
          break;
        case 0x6c: // LIST
          this.#height = this.#popMark();
          this.#push(LIST);
          break;
        case 0x91: // FROZENSET
          this.#height = this.#popMark();
          this.#push(OPAQUE);
          break;
        case 0x64: {
          // DICT
          const from = this.#popMark();
          if ((this.#height - from) % 2 === 1) throw new Broken("holds a key without its value");
          const id = ++this.#made;
          if (this.#joblib) this.#record(id, from, this.#height);
          this.#height = from;
          this.#push(DICT + id);
          break;
        }
        case 0x61: // APPEND
          this.#pop();
          this.#appendTo(this.#top());
          break;
        case 0x65: {
          // APPENDS
          const from = this.#popMark();
          const some = this.#height > from;
          this.#height = from;
          const target = this.#top();
          if (some) this.#appendTo(target);
          break;
        }
        case 0x90: {
          // ADDITEMS
          const from = this.#popMark();
          const some = this.#height > from;
          this.#height = from;
          const target = this.#top();
          if (some && tagOf(target) !== TAG_SET) this.#receive(target);
          break;
        }
        case 0x73: {
          // SETITEM
          this.#pop();
          this.#pop();
          this.#setItems(this.#top(), this.#height, this.#height + 2);
          break;
        }
        case 0x75: {
          // SETITEMS
          const from = this.#popMark();
          const end = this.#height;
          if ((end - from) % 2 === 1) throw new Broken("holds a key without its value");
          this.#height = from;
          const target = this.#top();
          if (end > from) this.#setItems(target, from, end);
          break;
        }
        case 0x70: // PUT
          this.#memo.put(this.#key(), this.#top());
          break;
        case 0x71: // BINPUT
          this.#memo.put(input.byte(), this.#top());
          break;
        case 0x72: // LONG_BINPUT
          this.#memo.put(input.uint32(), this.#top());
          break;
        case 0x94: // MEMOIZE
          this.#memo.put(this.#memo.size, this.#top());
          break;
        case 0x67: // GET
          this.#push(this.#memo.get(this.#key()));
          break;
        case 0x68: // BINGET
          this.#push(this.#memo.get(input.byte()));
          break;
        case 0x6a: // LONG_BINGET
          this.#push(this.#memo.get(input.uint32()));
          break;
        case 0x63: // GLOBAL
          this.#push(this.#globalLines());
          break;
        case 0x93: {
          // STACK_GLOBAL
          const name = this.#pop();
          const module = this.#pop();
          this.#push(this.#import(this.#name(module), this.#name(name)));
          break;
        }
        case 0x69: {
          // INST
          const cls = this.#globalLines(true);
          const from = this.#popMark();
          this.#construct(cls, from);
          break;
        }
        case 0x6f: {
          // OBJ
          const from = this.#popMark();
          if (from >= this.#height) throw new Broken("makes an object of nothing");
          this.#construct(this.#stack[from] ?? OPAQUE, from + 1, from);
          break;
        }
        case 0x52: {
          // REDUCE
          const args = this.#pop();
          this.#push(this.#call(this.#pop(), args));
          break;
        }
        case 0x81: // NEWOBJ
          this.#pop();
          this.#push(this.#make(this.#pop()));
          break;
        case 0x92: // NEWOBJ_EX
          this.#pop();
          this.#pop();
          this.#push(this.#make(this.#pop()));
          break;
        case 0x62: // BUILD
          this.#build();
          break;
        case 0x50: // PERSID
          plainAscii(input.line(LONGEST_NAME));
          this.#push(PERSISTENT);
          break;
        case 0x51: // BINPERSID
          this.#push(this.#persistent(this.#pop()));
          break;
        case 0x82: // EXT1
          this.#extension(input.byte());
          break;
        case 0x83: // EXT2
          this.#extension(input.uint16());
          break;
        case 0x84: // EXT4
          this.#extension(input.int32());
          break;
        default:
          throw new Broken(`holds 0x${code.toString(16).padStart(2, "0")} for an opcode`);
      }
    }
  }

  #proto(protocol: number): void {
    if (protocol > HIGHEST_PROTOCOL) throw new Broken(`is of protocol ${protocol}`);
    if (this.opcodeAt !== this.#start) this.#fault("names its protocol behind its start");
    this.#protocol = protocol;
  }

  #frame(length: number): void {
    if (this.#frameEnd !== Infinity) this.#fault("holds a frame within a frame");
    // CPython's unpickler in C refuses it, the one in Python reads what there is.
    if (length > this.#in.size - this.#in.at) this.#fault("holds a frame that is cut");
    if (length > 0) this.#frameEnd = this.#in.at + length;
  }

  #endFrame(at: number): void {
    // What follows is one reader's view: another runs opcodes that hide in the crossing value.
    if (at > this.#frameEnd) this.#fault("holds an opcode that crosses the end of its frame");
    this.#frameEnd = Infinity;
  }

  #stop(): void {
    this.#result = this.#pop();
    const { at } = this.#in;
    if (at > this.#frameEnd) this.#endFrame(at);
    if (this.#frameEnd !== Infinity && at < this.#frameEnd) this.#fault("stops within a frame");
    if (this.#height > 0 || this.#marks.length > 0) this.#fault("leaves values behind");
  }

  #push(value: number): void {
    if (this.#height === this.#stack.length) this.#grow();
    this.#stack[this.#height++] = value;
  }

  #grow(): void {
    const most = this.#limits.stack;
    if (this.#height >= most) throw new Broken("holds too many values at once");
    const bigger = new Float64Array(Math.min(most, this.#height * 2));
    bigger.set(this.#stack);
    this.#stack = bigger;
  }

  #pop(): number {
    if (this.#height <= this.#fence) throw new Broken("takes a value that is not there");
    return this.#stack[--this.#height] ?? OPAQUE;
  }

  #top(): number {
    if (this.#height <= this.#fence) throw new Broken("takes a value that is not there");
    return this.#stack[this.#height - 1] ?? OPAQUE;
  }

  /** The height at the newest mark, which is gone. */
  #popMark(): number {
    const at = this.#marks.pop();
    if (at === undefined) throw new Broken("takes a mark that is not there");
    this.#fence = this.#marks.length > 0 ? (this.#marks[this.#marks.length - 1] ?? 0) : 0;
    return at;
  }

  #long(length: number): number {
    if (length > 16) {
      this.#in.skip(length);
      return OPAQUE;
    }
    const bytes = this.#in.take(length);
    if (bytes.equals(TORCH_MAGIC)) {
      this.#magic = true;
      return MAGIC_VALUE;
    }
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[i] ?? 0);
    return (bytes[length - 1] ?? 0) >= 0x80 ? OPAQUE : int(value);
  }

  /** As `int(line, 0)`; a LONG may end in `L`. */
  #textInt(long: boolean): number {
    // `I00` and `I01` are False and True.
    const plain = this.#in.peek(0) === 0x30 ? -1 : this.#in.digits();
    if (plain >= 0) return int(plain);
    let text = this.#in.line(LONGEST_NUMBER).toString("latin1");
    if (long && text.endsWith("L")) text = text.slice(0, -1);
    if (!long && (text === "01" || text === "00")) return OPAQUE;
    if (!PYTHON_INT.test(text)) this.#fault("holds a number that is none");
    return /^\d{1,14}$/.test(text) ? int(Number(text)) : OPAQUE;
  }

  /** A memo's key; what only some readers take is refused. */
  #key(): number {
    const plain = this.#in.digits();
    if (plain >= 0) return plain;
    const line = this.#in.line(12);
    let key = 0;
    for (const digit of line) {
      if (digit < 0x30 || digit > 0x39) throw new Broken("holds a memo key that is no number");
      key = key * 10 + digit - 0x30;
    }
    if (line.length === 0) throw new Broken("holds a memo key that is no number");
    return key;
  }

  #textLine(code: number): void {
    const { at } = this.#in;
    const first = this.#in.peek(0);
    if (code === 0x53 && first !== 0x27 && first !== 0x22) {
      throw new Broken("holds a text without its quotes");
    }
    const length = this.#in.skipLine();
    this.#push(TEXT + this.opcodeAt);
    if (length < 8 || this.#depth === 0) return;
    const start = code === 0x56 ? first : (this.#source.read(at + 1, 1)[0] ?? 0);
    if (!CANDIDATES[start] && start !== 0x5c) return;
    const line = Buffer.from(this.#source.read(at, Math.min(length, DECODED)));
    try {
      const text = code === 0x56 ? rawUnicode(line) : quoted(line);
      this.#seekInText(Buffer.from(text, "latin1"), length > DECODED);
    } catch (error) {
      // What cannot be decoded cannot be loaded either.
      if (!(error instanceof Broken)) throw error;
    }
  }

  /** A text or bytes of a known length: skipped, but for a look at how they begin. */
  #chars(value: number, length: number): void {
    const input = this.#in;
    if (length >= 4 && CANDIDATES[input.peek(0)] === 1 && this.#depth > 0) {
      this.#seek(value, input.at, length);
    }
    input.skip(length);
    this.#push(value);
  }

  get #depth(): number {
    return this.#options.depth ?? 3;
  }

  #seek(value: number, at: number, length: number): void {
    if (length > this.#in.size - at) return;
    const start = this.#source.read(at, 64);
    if (tagOf(value) !== TAG_TEXT || start[0] === 0x80) {
      if (startsPickle(start) && (start[0] === 0x80 || this.#endsInStop(at + length))) {
        this.#descend("bytes", sliceSource(this.#source, at, length), false);
      }
      return;
    }
    if (!startsText(start)) return;
    const text = Buffer.from(this.#source.read(at, Math.min(length, DECODED))).toString("utf8");
    this.#seekInText(Buffer.from(text, "latin1"), length > DECODED);
  }

  #seekInText(text: Buffer, cut: boolean): void {
    if (startsPickle(text) && (text[0] === 0x80 || cut || text.at(-1) === 0x2e)) {
      this.#descend("a text", bufferSource(text), cut);
    } else if (BASE64_START.test(text.toString("latin1", 0, 8))) {
      const bytes = Buffer.from(text.toString("latin1"), "base64");
      this.#descend("base64", bufferSource(bytes), cut);
    } else if (HEX_START.test(text.toString("latin1", 0, 8))) {
      const bytes = Buffer.from(text.toString("latin1"), "hex");
      this.#descend("hexadecimal digits", bufferSource(bytes), cut);
    }
  }

  #endsInStop(end: number): boolean {
    return this.#source.read(end - 1, 1)[0] === 0x2e;
  }

  #descend(how: string, source: ByteSource, cut: boolean): void {
    const pickle = readPickle(source, 0, {
      depth: this.#depth - 1,
      limits: {
        ...this.#limits,
        opcodes: this.#limits.opcodes - this.#opcodes - this.#nestedOpcodes,
        // Each level has half the room, so that depth ends by itself.
        memo: this.#limits.memo >> 1,
        stack: this.#limits.stack >> 1,
        marks: this.#limits.marks >> 1,
        imports: this.#limits.imports >> 1,
      },
    });
    this.#nestedOpcodes += pickle.opcodes + COST_OF_TEXT;
    if (cut && pickle.end >= source.size - LONGEST_NAME) {
      this.#fault("holds a pickle in a text that is too long to be read");
    }
    // Numbers and words look like the start of a pickle by chance: only imports count.
    const named = pickle.imports.length > 0 || pickle.acts.length > 0 || pickle.nested.length > 0;
    const certain = source.read(0, 1)[0] === 0x80 || pickle.broken === undefined;
    if (!named || !certain) return;
    if (this.#nested.length >= MOST_NESTED) throw new Broken("holds too many pickles in its texts");
    this.#nested.push({ how, offset: this.opcodeAt, pickle });
  }

  #tuple(from: number): void {
    if (from < this.#fence) throw new Broken("takes a value that is not there");
    const payload = this.#ring.keep(this.#stack, from, this.#height);
    this.#height = from;
    this.#push(TUPLE + payload);
  }

  #appendTo(target: number): void {
    const tag = tagOf(target);
    if (tag !== TAG_LIST && tag !== TAG_BYTEARRAY) this.#receive(target);
  }

  /** Values are put into what is not one of Python's own containers. */
  #receive(target: number): void {
    const tag = tagOf(target);
    if (tag === TAG_OBJECT) {
      const entry = this.#classOf(target);
      if (entry === undefined) this.#act("call-of-result", "puts values into what a call returned");
      else entry.filled = true;
    } else if (tag === TAG_IMPORT) {
      this.#act("build-of-import", `puts values into ${this.#nameOf(target)} itself`);
    } else if (tag === TAG_PERSISTENT) this.#fault("puts values into what a persistent id names");
    else throw new Broken("puts values into what takes none");
  }

  #setItems(target: number, from: number, end: number): void {
    const tag = tagOf(target);
    if (tag === TAG_DICT) {
      if (this.#joblib) this.#record(payloadOf(target), from, end);
      for (let at = from; at < end; at += 2) {
        const key = tagOf(this.#stack[at] ?? OPAQUE);
        if (key === TAG_LIST || key === TAG_DICT || key === TAG_SET || key === TAG_BYTEARRAY) {
          throw new Broken("holds a key that is not hashable");
        }
      }
    } else if (tag !== TAG_LIST && tag !== TAG_BYTEARRAY) this.#receive(target);
  }

  #record(id: number, from: number, end: number): void {
    const items = this.#dicts.get(id) ?? [];
    if (items.length + end - from > 64) return;
    for (let at = from; at < end; at++) items.push(this.#stack[at] ?? OPAQUE);
    this.#dicts.set(id, items);
    if (this.#dicts.size > 64) this.#dicts.delete(this.#dicts.keys().next().value ?? 0);
  }

  #globalLines(ascii = false): number {
    const read = ascii ? plainAscii : utf8;
    const rest = this.#in.cutLine(LONGEST_NAME);
    // CPython's unpickler in Python imports what is left of a name, without its last character.
    if (rest !== undefined) this.#import(read(rest), "");
    const module = read(this.#in.line(LONGEST_NAME));
    const cut = this.#in.cutLine(LONGEST_NAME);
    if (cut !== undefined) this.#import(module, read(cut));
    return this.#import(module, read(this.#in.line(LONGEST_NAME)));
  }

  #import(module: string, name: string): number {
    this.#options.onImport?.(module, name);
    return IMPORT + this.#entry(module, name);
  }

  #entry(module: string, name: string): number {
    const key = `${module}\n${name}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#imports.length;
      this.#nameBytes += key.length;
      if (index >= this.#limits.imports || this.#nameBytes > MOST_NAME_BYTES) {
        throw new Broken("imports too many names");
      }
      this.#known.set(key, index);
      this.#imports.push({
        module,
        name,
        offset: this.opcodeAt,
        protocol: this.#protocol,
        made: false,
        called: false,
        filled: false,
        followed: false,
        given: new Set(),
      });
      if (name === "NumpyArrayWrapper" && JOBLIB.test(module)) this.#joblib = true;
    }
    return index;
  }

  #name(value: number): string {
    const tag = tagOf(value);
    if (tag === TAG_TEXT) return this.#text(value);
    if (tag === TAG_OBJECT || tag === TAG_PERSISTENT || tag === TAG_IMPORT) {
      this.#act("computed-name", "imports a name that it computes");
    }
    throw new Broken("takes a name from what is no text");
  }

  /** The text of an opcode that was passed, read again. */
  #text(value: number): string {
    const at = payloadOf(value);
    let text = this.#texts.get(at);
    if (text === undefined) {
      if (this.#texts.size >= 1024) this.#texts.clear();
      this.#nestedOpcodes += COST_OF_TEXT;
      text = textAt(this.#source, at, LONGEST_NAME);
      this.#texts.set(at, text);
    }
    return text;
  }

  #classOf(value: number): Import | undefined {
    return this.#imports[payloadOf(value)];
  }

  #nameOf(value: number): string {
    if (tagOf(value) === TAG_DTYPE) return "numpy.dtype";
    const entry = this.#classOf(value);
    return entry === undefined ? "an unknown name" : `${entry.module}.${entry.name}`;
  }

  /** NEWOBJ: an instance without its constructor. */
  #make(cls: number): number {
    if (tagOf(cls) !== TAG_IMPORT) return this.#callOther(cls);
    const entry = this.#classOf(cls);
    if (entry !== undefined) entry.made = true;
    return OBJECT + payloadOf(cls);
  }

  /** INST and OBJ: without arguments, an instance; else a call. The values from `to` on are gone. */
  #construct(cls: number, from: number, to = from): void {
    const none = from === this.#height;
    const args = none ? TUPLE : TUPLE + this.#ring.keep(this.#stack, from, this.#height);
    this.#height = to;
    this.#push(none ? this.#make(cls) : this.#call(cls, args));
  }

  #call(callee: number, args: number): number {
    if (tagOf(callee) !== TAG_IMPORT) return this.#callOther(callee);
    const entry = this.#classOf(callee);
    if (entry === undefined) throw new Broken("calls nothing");
    const tuple = tagOf(args) === TAG_TUPLE ? payloadOf(args) : 0;
    const count = this.#ring.length(tuple);
    const first = count > 0 ? this.#ring.value(tuple, 0) : OPAQUE;
    const followed = this.#follow(entry, first, count === 2 ? this.#ring.value(tuple, 1) : OPAQUE);
    if (followed !== undefined) {
      entry.followed = true;
      return followed;
    }
    entry.called = true;
    if (count > 0) this.#give(entry, tuple, count, 2);
    if (entry.name === "_reconstructor" && /^copy_?reg$/.test(entry.module)) {
      // It makes an instance of its first argument, and calls the constructor of its second.
      if (tagOf(first) !== TAG_IMPORT) return OBJECT + UNKNOWN;
      const base = count > 1 ? this.#ring.value(tuple, 1) : OPAQUE;
      if (tagOf(base) === TAG_IMPORT) this.#make(base);
      return this.#make(first);
    }
    if (entry.module === "numpy" && entry.name === "dtype") return this.#dtype(callee, first);
    return OBJECT + payloadOf(callee);
  }

  /** Calls whose result is known without them. */
  #follow(entry: Import, first: number, second: number): number | undefined {
    const tag = tagOf(first);
    if (entry.name === "getattr" && /^(?:__builtin__|builtins)$/.test(entry.module)) {
      if (tagOf(second) !== TAG_TEXT) return undefined;
      const attribute = this.#text(second);
      if (attribute.startsWith("__")) return undefined;
      if (tag === TAG_OBJECT) return OBJECT + UNKNOWN;
      const owner = tag === TAG_IMPORT ? this.#classOf(first) : undefined;
      if (owner === undefined) return undefined;
      return IMPORT + this.#entry(owner.module, `${owner.name}.${attribute}`);
    }
    if (entry.name === "_load_from_bytes" && entry.module === "torch.storage") {
      if (tag !== TAG_BYTES || this.#loads.length >= MOST_NESTED) return undefined;
      this.#loads.push(this.#extent(payloadOf(first)));
      return OBJECT + UNKNOWN;
    }
    return undefined;
  }

  /** Where the bytes of an opcode are. */
  #extent(at: number): Load {
    const opcode = Buffer.from(this.#source.read(at, 9));
    if (opcode[0] === 0x43) return { offset: at + 2, length: opcode[1] ?? 0 };
    if (opcode[0] === 0x42) return { offset: at + 5, length: opcode.readUInt32LE(1) };
    return { offset: at + 9, length: Number(opcode.readBigUInt64LE(1)) };
  }

  /** Which imports a callable gets: in its arguments, or a level below. */
  #give(entry: Import, tuple: number, count: number, levels: number): void {
    for (let i = 0; i < count; i++) {
      const value = this.#ring.value(tuple, i);
      const tag = tagOf(value);
      if (tag === TAG_IMPORT) {
        const given = this.#classOf(value);
        if (given !== undefined && entry.given.size < 1000) entry.given.add(given);
      } else if (tag === TAG_TUPLE && levels > 1) {
        const inner = payloadOf(value);
        this.#give(entry, inner, this.#ring.length(inner), levels - 1);
      }
    }
  }

  #callOther(callee: number): number {
    const tag = tagOf(callee);
    if (tag !== TAG_OBJECT && tag !== TAG_DTYPE && tag !== TAG_PERSISTENT) {
      throw new Broken("calls what cannot be called");
    }
    this.#act("call-of-result", `calls what ${this.#nameOf(callee)} returned`);
    return OBJECT + UNKNOWN;
  }

  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    const tag = tagOf(target);
    if (tag === TAG_IMPORT) {
      this.#act("build-of-import", `overwrites attributes of ${this.#nameOf(target)} itself`);
    } else if (tag === TAG_DTYPE) this.#dtypeState(target, state);
    else if (tag === TAG_OBJECT) {
      const entry = this.#classOf(target);
      if (entry === undefined)
        this.#act("call-of-result", "sets the state of what a call returned");
      if (entry?.name !== "NumpyArrayWrapper" || !JOBLIB.test(entry.module)) return;
      if (this.#options.arrays !== "opcodes") this.#joblibArray(state);
    } else this.#fault("sets the state of a value that has none");
  }

  /** `numpy.dtype(text, …)`, or of a class of records, whose size comes with its state. */
  #dtype(callee: number, first: number): number {
    const text = tagOf(first) === TAG_TEXT ? this.#text(first) : "V";
    const known = this.#plainDtypes.get(text);
    if (known !== undefined) return DTYPE + known;
    if (this.#dtypes.length >= MOST_DTYPES) return OBJECT + payloadOf(callee);
    const index = this.#dtypes.push(dtypeOf(text)) - 1;
    if (!text.startsWith("V")) this.#plainDtypes.set(text, index);
    return DTYPE + index;
  }

  /** `(version, order, subarray, names, fields, itemsize, alignment, flags)` */
  #dtypeState(target: number, state: number): void {
    const dtype = this.#dtypes[payloadOf(target)];
    const values = tagOf(state) === TAG_TUPLE ? this.#ring.recall(payloadOf(state)) : undefined;
    if (dtype === undefined || !dtype.text.startsWith("V") || values === undefined) return;
    const [item, , flags] = values.slice(5);
    if (item === undefined || flags === undefined) return;
    if (tagOf(item) !== TAG_INT || tagOf(flags) !== TAG_INT) return;
    dtype.item = payloadOf(item);
    // NPY_ITEM_REFCOUNT
    dtype.objects = payloadOf(flags) % 2 === 1;
  }

  /** joblib writes an array's bytes behind the BUILD of its wrapper. */
  #joblibArray(state: number): void {
    const fields = this.#fieldsOf(state);
    const type = fields.get("dtype") ?? OPAQUE;
    const dtype = tagOf(type) === TAG_DTYPE ? this.#dtypes[payloadOf(type)] : undefined;
    const shape = fields.get("shape") ?? OPAQUE;
    const lengths = tagOf(shape) === TAG_TUPLE ? this.#ring.recall(payloadOf(shape)) : undefined;
    if (dtype === undefined || lengths === undefined) {
      throw new Broken("holds an array of joblib's whose size is not known");
    }
    if (this.#in.at < this.#frameEnd && this.#frameEnd !== Infinity) {
      throw new Broken("holds an array of joblib's within a frame");
    }
    this.#frameEnd = Infinity;
    this.#arrays++;
    if (dtype.objects) {
      this.#objectArray();
      return;
    }
    if (dtype.item === undefined) throw new Broken("holds an array of joblib's of an unknown type");
    let size = dtype.item;
    for (const length of lengths) {
      if (tagOf(length) !== TAG_INT) throw new Broken("holds an array of joblib's without a shape");
      size *= payloadOf(length);
    }
    if (!Number.isSafeInteger(size)) throw new Broken("holds an array larger than any file");
    if (tagOf(fields.get("numpy_array_alignment_bytes") ?? OPAQUE) === TAG_INT) {
      this.#alignedArrays++;
      if (this.#options.arrays !== "skip-unaligned") this.#in.skip(this.#in.byte());
    }
    this.#in.skip(size);
  }

  #fieldsOf(state: number): Map<string, number> {
    const fields = new Map<string, number>();
    const items = tagOf(state) === TAG_DICT ? this.#dicts.get(payloadOf(state)) : undefined;
    for (let at = 0; items !== undefined && at < items.length; at += 2) {
      const key = items[at] ?? OPAQUE;
      if (tagOf(key) === TAG_TEXT) fields.set(this.#text(key), items[at + 1] ?? OPAQUE);
    }
    return fields;
  }

  /** An array of objects is a pickle of its own, which joblib gives to `pickle.load`. */
  #objectArray(): void {
    const { imports, acts, faults, nested, loads, end, broken, opcodes } = readPickle(
      this.#source,
      this.#in.at,
      {
        ...this.#options,
        arrays: "opcodes",
        limits: {
          ...this.#limits,
          opcodes: this.#limits.opcodes - this.#opcodes - this.#nestedOpcodes,
          memo: this.#limits.memo >> 1,
          stack: this.#limits.stack >> 1,
        },
      },
    );
    this.#nestedOpcodes += opcodes + COST_OF_STREAM;
    for (const each of imports) {
      const entry = this.#imports[this.#entry(each.module, each.name)];
      if (entry === undefined) continue;
      entry.made ||= each.made;
      entry.called ||= each.called;
      entry.filled ||= each.filled;
      entry.followed ||= each.followed;
      for (const given of each.given) entry.given.add(given);
    }
    this.#acts.push(...acts);
    this.#nested.push(...nested);
    this.#loads.push(...loads);
    for (const fault of faults) this.#faults.set(fault.message, fault);
    if (broken !== undefined) throw new Broken(`holds an array of objects that ${broken.message}`);
    this.#in.moveTo(end);
  }

  #persistent(id: number): number {
    const parts = tagOf(id) === TAG_TUPLE ? this.#ring.recall(payloadOf(id)) : undefined;
    const [kind, cls, key, , items] = parts ?? [];
    if (kind === undefined || tagOf(kind) !== TAG_TEXT || cls === undefined) return PERSISTENT;
    const word = this.#text(kind);
    // PyTorch's `('module', class, file, source)`: the class takes the id's place.
    if (word === "module") return cls;
    if (word !== "storage" || key === undefined || items === undefined) return PERSISTENT;
    if (tagOf(key) !== TAG_TEXT || tagOf(items) !== TAG_INT || tagOf(cls) !== TAG_IMPORT) {
      return PERSISTENT;
    }
    if (this.#storages.size < MOST_STORAGES) {
      const type = this.#classOf(cls)?.name ?? "";
      this.#storages.set(this.#text(key), { type, items: payloadOf(items) });
    }
    return PERSISTENT;
  }

  #extension(code: number): void {
    this.#act("extension", `takes extension ${code}, which only the reader's process knows`);
    this.#push(OBJECT + UNKNOWN);
  }

  #act(kind: Act["kind"], message: string): void {
    if (this.#acts.length < MOST_ACTS) this.#acts.push({ kind, message, offset: this.opcodeAt });
  }

  #fault(message: string): void {
    if (!this.#faults.has(message)) this.#faults.set(message, { message, offset: this.opcodeAt });
  }
}

function int(value: number): number {
  return value >= 0 && value < SPAN ? INT + value : OPAQUE;
}

/** PROTO, or what pickles of the protocols 0 and 1 begin with. */
function startsPickle(bytes: Buffer): boolean {
  const first = bytes[0] ?? 0;
  if (first === 0x80) return (bytes[1] ?? 255) <= HIGHEST_PROTOCOL;
  return first === 0x63 || first === 0x28;
}

function startsText(start: Buffer): boolean {
  if (start[0] === 0xc2) return start[1] === 0x80 && (start[2] ?? 255) <= HIGHEST_PROTOCOL;
  if (start[0] === 0x63 || start[0] === 0x28) return start.includes(10);
  const text = start.toString("latin1", 0, 8);
  return BASE64_START.test(text) || HEX_START.test(text);
}

const TAG_INT = 1;
const TAG_TEXT = 2;
const TAG_IMPORT = 3;
const TAG_OBJECT = 4;
const TAG_DICT = 5;
const TAG_TUPLE = 6;
const TAG_DTYPE = 7;
const TAG_PERSISTENT = 8;
const TAG_LIST = 9;
const TAG_SET = 10;
const TAG_BYTES = 11;
const TAG_BYTEARRAY = 12;

/** None, numbers that are not counted with, and all else that can be neither called nor filled. */
const OPAQUE = 0;
const INT = TAG_INT * SPAN;
const TEXT = TAG_TEXT * SPAN;
const IMPORT = TAG_IMPORT * SPAN;
const OBJECT = TAG_OBJECT * SPAN;
const DICT = TAG_DICT * SPAN;
const TUPLE = TAG_TUPLE * SPAN;
const DTYPE = TAG_DTYPE * SPAN;
const PERSISTENT = TAG_PERSISTENT * SPAN;
const LIST = TAG_LIST * SPAN;
const SET = TAG_SET * SPAN;
const BYTES = TAG_BYTES * SPAN;
const BYTEARRAY = TAG_BYTEARRAY * SPAN;
/** The payload of an object whose class is not an import of the stream. */
const UNKNOWN = SPAN - 1;

/** 0x1950a86a20f9469cfc6c, as LONG1 has it. */
const TORCH_MAGIC = Buffer.from("6cfc9c46f9206aa85019", "hex");
const MAGIC_VALUE = 1;
const HIGHEST_PROTOCOL = 5;
const JOBLIB = /^(?:sklearn\.externals\.)?joblib\.numpy_pickle$/;
const PYTHON_INT =
  /^\s*[-+]?(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|\d(?:_?\d)*)\s*$/;
const BASE64_START = /^gA[A-X][A-Za-z0-9+/]{5}$/;
const HEX_START = /^80(?:0[0-5])[0-9a-fA-F]{4}$/;
/** First bytes of texts and bytes that are looked into: PROTO, its UTF-8, base64, hex, `c`, `(`. */
const CANDIDATES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  [0x80, 0xc2, 0x67, 0x38, 0x63, 0x28].includes(byte) ? 1 : 0,
);
const COST_OF_TEXT = 300;
const DECODED = 1024 * 1024;
const LONGEST_NAME = 4096;
const LONGEST_NUMBER = 100_000;
const MOST_NAME_BYTES = 4 * 1024 * 1024;
const MOST_ACTS = 100;
const MOST_NESTED = 1000;
const MOST_DTYPES = 1000;
const MOST_STORAGES = 1_000_000;
