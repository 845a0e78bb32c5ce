import test from "ava";
import { type Pickle, type PickleOptions, readPickle } from "../src/pickle/machine.ts";
import { scanSource } from "../src/scan-source.ts";
import { bufferSource, type ByteSource } from "../src/source.ts";
import {
  binget,
  binput,
  BUILD,
  bytes,
  calling,
  EMPTY_DICT,
  EMPTY_LIST,
  EMPTY_TUPLE,
  frame,
  global,
  MARK,
  MEMOIZE,
  NEWOBJ,
  type Part,
  pickle,
  POP,
  proto,
  REDUCE,
  shortText,
  STACK_GLOBAL,
  stackGlobal,
  STOP,
  text,
  TUPLE,
  TUPLE1,
  TUPLE2,
  TUPLE3,
  uint32,
  uint64,
} from "./pickle-assembler.ts";

function read(parts: readonly Part[], options: PickleOptions = {}): Pickle {
  return readPickle(bufferSource(pickle(...parts)), 0, options);
}

/** Imports as one word each: the name, and what is done with it. */
function names({ imports }: Pickle): string[] {
  return imports.map(({ module, name, called, made, filled }) =>
    [`${module}.${name}`, called && "called", made && "made", filled && "filled"]
      .filter((word) => word !== false)
      .join(" "),
  );
}

const USES: readonly (readonly [what: string, parts: readonly Part[], names: readonly string[]])[] =
  [
    ["GLOBAL alone", [global("a", "B"), STOP], ["a.B"]],
    ["REDUCE", [global("a", "B"), EMPTY_TUPLE, REDUCE, STOP], ["a.B called"]],
    ["NEWOBJ", [global("a", "B"), EMPTY_TUPLE, NEWOBJ, STOP], ["a.B made"]],
    ["NEWOBJ_EX", [global("a", "B"), EMPTY_TUPLE, EMPTY_DICT, "\x92", STOP], ["a.B made"]],
    ["INST without arguments", [MARK, "ia\nB\n", STOP], ["a.B made"]],
    ["INST with arguments", [MARK, "N", "ia\nB\n", STOP], ["a.B called"]],
    ["OBJ without arguments", [MARK, global("a", "B"), "o", STOP], ["a.B made"]],
    ["OBJ with arguments", [MARK, global("a", "B"), "N", "o", STOP], ["a.B called"]],
    [
      "STACK_GLOBAL from the memo",
      [
        shortText("a"),
        MEMOIZE,
        POP,
        shortText("B"),
        binput(7),
        POP,
        binget(0),
        binget(7),
        STACK_GLOBAL,
        STOP,
      ],
      ["a.B"],
    ],
    [
      "copyreg's reconstructor",
      [
        global("copyreg", "_reconstructor"),
        global("a", "B"),
        global("builtins", "object"),
        "N",
        TUPLE3,
        REDUCE,
        STOP,
      ],
      ["copyreg._reconstructor called", "a.B made", "builtins.object made"],
    ],
    [
      "SETITEMS on an instance",
      [global("a", "B"), EMPTY_TUPLE, NEWOBJ, MARK, "K\x01K\x02u", STOP],
      ["a.B made filled"],
    ],
    [
      "getattr of an import, which is the dotted name",
      [
        global("builtins", "getattr"),
        global("a", "B"),
        text("c"),
        TUPLE2,
        REDUCE,
        EMPTY_TUPLE,
        REDUCE,
        STOP,
      ],
      ["builtins.getattr", "a.B", "a.B.c called"],
    ],
    ["a dotted name", [proto(4), stackGlobal("a", "B.c"), STOP], ["a.B.c"]],
    ["UTF-8", [global("a", "Größe"), STOP], ["a.Größe"]],
    [
      "a class in PyTorch's persistent id",
      [
        MARK,
        text("module"),
        global("a", "B"),
        text("f"),
        text("s"),
        TUPLE,
        "Q",
        EMPTY_TUPLE,
        NEWOBJ,
        STOP,
      ],
      ["a.B made"],
    ],
  ];

for (const [what, parts, expected] of USES) {
  test(`readPickle() follows ${what}`, (t) => {
    const found = read(parts);
    t.deepEqual(names(found), expected);
    t.is(found.broken, undefined);
  });
}

const ACTS: readonly (readonly [parts: readonly Part[], kind: string])[] = [
  [[global("a", "B"), EMPTY_DICT, BUILD, STOP], "build-of-import"],
  [[global("a", "B"), "N", "a", STOP], "build-of-import"],
  [[global("a", "B"), "NN", "s", STOP], "build-of-import"],
  [[global("a", "B"), EMPTY_TUPLE, REDUCE, EMPTY_TUPLE, REDUCE, STOP], "call-of-result"],
  [["\x82\x01", STOP], "extension"],
  [["\x83\x01\x00", STOP], "extension"],
  [["\x84\x01\x00\x00\x00", STOP], "extension"],
  [[text("a"), global("b", "C"), EMPTY_TUPLE, REDUCE, STACK_GLOBAL, STOP], "computed-name"],
];

for (const [at, [parts, kind]] of ACTS.entries()) {
  test(`readPickle() tells of ${kind} [${at}]`, (t) => {
    t.deepEqual(
      read(parts).acts.map((act) => act.kind),
      [kind] as never,
    );
  });
}

const BREACHES: readonly (readonly [what: string, parts: readonly Part[], message: RegExp])[] = [
  ["an unknown opcode", ["\xff"], /0xff for an opcode/],
  ["an empty file", [], /ends too early/],
  ["no STOP", ["N"], /ends too early/],
  ["an empty stack", [POP, STOP], /not there/],
  ["a value below the mark", ["N", MARK, "a", STOP], /not there/],
  ["a mark that is not there", ["N", TUPLE, STOP], /mark that is not there/],
  ["a memo that is not there", [binget(1), STOP], /never remembered/],
  ["a protocol of the future", [proto(6), "N", STOP], /protocol 6/],
  ["a text beyond the end", ["X", uint32(100), "abc"], /ends within a value/],
  ["a negative length", ["T", uint32(0xffffffff), "abc"], /negative length/],
  ["a length beyond any file", ["\x8d", "\xff".repeat(8), "abc"], /ends within a value/],
  ["a key without its value", [EMPTY_DICT, MARK, "N", "u", STOP], /without its value/],
  ["an item for a number", ["NN", "a", STOP], /takes none/],
  ["a call of a number", ["K\x01", EMPTY_TUPLE, REDUCE, STOP], /cannot be called/],
  ["a name of a number", ["K\x01K\x01", STACK_GLOBAL, STOP], /no text/],
  ["a name that is not UTF-8", ["c\xffa\nb\n", STOP], /not UTF-8/],
  ["a name beyond all measure", ["c", "a".repeat(5000), "\nb\n", STOP], /too long/],
  ["a memo key that is none", ["N", "px\n", STOP], /no number/],
  ["a memo key far away", ["N", "r", uint32(0xfffffff0), STOP], /scatters/],
  ["a list as a key", [EMPTY_DICT, EMPTY_LIST, "N", "s", STOP], /not hashable/],
];

for (const [what, parts, message] of BREACHES) {
  test(`readPickle() stops at ${what}`, (t) => {
    t.regex(read(parts).broken?.message ?? "", message);
  });
}

const FAULTS: readonly (readonly [what: string, parts: readonly Part[], message: RegExp])[] = [
  ["a second PROTO", [proto(2), proto(2), "N", STOP], /protocol behind its start/],
  ["a late PROTO", ["N", proto(2), STOP], /protocol behind its start/],
  ["values behind", ["NN", STOP], /leaves values behind/],
  ["marks behind", [MARK, "N", STOP], /leaves values behind/],
  ["a buffer from outside", ["\x97", STOP], /outside of the file/],
  ["a frame that is cut", [proto(4), frame(pickle("N", STOP), 100)], /frame that is cut/],
  [
    "a frame in a frame",
    [proto(4), frame(pickle(frame(Buffer.from("N")), STOP))],
    /within a frame/,
  ],
  ["an opcode across a frame's end", [proto(4), frame(text("abc"), 4), STOP], /crosses the end/],
  [
    "STOP before the frame's end",
    [proto(4), frame(pickle("N", STOP, "N"))],
    /stops within a frame/,
  ],
  ["state for a number", ["NN", BUILD, STOP], /state of a value/],
];

for (const [what, parts, message] of FAULTS) {
  test(`readPickle() goes on behind ${what}, and tells`, (t) => {
    const { faults, broken } = read(parts);
    t.is(broken, undefined);
    t.regex(faults.map((fault) => fault.message).join("; "), message);
  });
}

test("readPickle() keeps what was seen before a stream breaks", (t) => {
  const found = read([proto(2), global("os", "system"), text("id"), TUPLE1, REDUCE, "\xff"]);
  t.deepEqual(names(found), ["os.system called"]);
  t.truthy(found.broken);
});

test("readPickle() reads streams one after another", (t) => {
  const first = calling("a", "b");
  const source = bufferSource(pickle(first, calling("c", "d")));
  const { end } = readPickle(source);
  t.is(end, first.length);
  t.deepEqual(names(readPickle(source, end)), ["c.d called"]);
});

test("readPickle() looks into bytes and texts, three levels deep", (t) => {
  const inner = calling("os", "system", "id");
  const wrap = (content: Buffer): Buffer => pickle(proto(3), bytes(content), STOP);
  const depth = (content: Buffer): number => {
    let found = 0;
    let at: Pickle | undefined = readPickle(bufferSource(content));
    while ((at = at.nested[0]?.pickle) !== undefined) found++;
    return found;
  };
  t.is(depth(wrap(inner)), 1);
  t.is(depth(wrap(wrap(wrap(inner)))), 3);
  // What is deeper than is read is not a reason to miss the level above.
  t.is(depth(wrap(wrap(wrap(wrap(inner))))), 0);
});

test("readPickle() takes no array or word for a pickle", (t) => {
  const values = [
    bytes(Buffer.from([0x80, 2, 0, 0, 0, 0])),
    bytes(pickle(proto(2), "N", STOP)),
    text("\u0080\u0002 latin"),
    text("gAN0aGlzIGlz"),
    text("cat\ndog\nbird"),
    text("(see below)."),
    text("8002deadbeef"),
  ];
  t.deepEqual(read([MARK, ...values, TUPLE, STOP]).nested, []);
});

test("readPickle() asks for names as find_class is asked, each time", (t) => {
  const asked: string[] = [];
  const onImport = (module: string, name: string): void => void asked.push(`${module} ${name}`);
  read([MARK, global("__builtin__", "set"), global("__builtin__", "set"), TUPLE, STOP], {
    onImport,
  });
  t.deepEqual(asked, ["__builtin__ set", "__builtin__ set"]);
});

const BOMBS: readonly (readonly [what: string, source: ByteSource, message: RegExp])[] = [
  ["a memo", repeated(pickle("N", MEMOIZE, POP), 8_000_000), /remembers too much/],
  ["a stack", repeated(pickle("N"), 8_000_000), /too many values at once/],
  ["marks", repeated(pickle(MARK), 8_000_000), /too many marks/],
  ["DUP", repeated(pickle("2"), 8_000_000, pickle("N")), /too many values at once/],
];

for (const [what, source, message] of BOMBS) {
  test.serial(`readPickle() ends a bomb of ${what} with a reason`, (t) => {
    const begun = performance.now();
    t.regex(readPickle(source).broken?.message ?? "", message);
    t.true(performance.now() - begun < 20_000);
  });
}

test("readPickle() counts the opcodes of nested pickles, and stops", (t) => {
  const inner = pickle(proto(2), Buffer.alloc(100_000, "N0"), global("a", "b"), STOP);
  const many = Array.from({ length: 20 }, () => pickle(bytes(inner), POP));
  const { broken, opcodes } = read([...many, "N", STOP], { limits: { opcodes: 500_000 } });
  t.regex(broken?.message ?? "", /too many opcodes/);
  t.true(opcodes < 800_000);
});

test("readPickle() stops at too many names", (t) => {
  const parts = Array.from({ length: 20_000 }, (_, i) => pickle(global("a", `b${i}`), POP));
  const { broken, imports } = read(parts);
  t.regex(broken?.message ?? "", /too many names/);
  t.is(imports.length, 10_000);
});

test("readPickle() reads none of the bytes that it skips", (t) => {
  const head = pickle(proto(4), "\x8e", uint64(10 * 1024 ** 3));
  let read = 0;
  const size = head.length + 10 * 1024 ** 3 + 1;
  const source: ByteSource = {
    size,
    read(offset, length) {
      const wanted = Math.min(length, size - offset);
      read += wanted;
      const buffer = Buffer.alloc(wanted);
      if (offset < head.length) head.copy(buffer, 0, offset);
      if (offset + wanted === size) buffer[wanted - 1] = 0x2e;
      return buffer;
    },
  };
  const { broken, end } = readPickle(source);
  t.is(broken, undefined);
  t.is(end, size);
  t.true(read < 1024 ** 2);
});

const SLOW: readonly (readonly [what: string, source: ByteSource])[] = [
  [
    "lines that do not end, behind the end",
    repeated(pickle(proto(2), "V"), 5_000_000, pickle("N.")),
  ],
  [
    "numbers that do not end, behind the end",
    repeated(pickle(proto(2), "F"), 5_000_000, pickle("N.")),
  ],
  ["streams", repeated(pickle(proto(2), "N."), 20_000_000)],
  ["names by far texts", names1100()],
];

for (const [what, source] of SLOW) {
  test.serial(`scanSource() ends a file of many ${what} in time`, async (t) => {
    const begun = performance.now();
    const { verdict } = await scanSource("model.pkl", source);
    t.is(verdict, "unscannable");
    t.true(performance.now() - begun < 60_000, `${performance.now() - begun} ms`);
  });
}

/** More texts than are remembered, each of them a name again and again. */
function names1100(): ByteSource {
  const texts = Array.from({ length: 1100 }, (_, i) => pickle(text(`n${i}`), MEMOIZE, POP));
  const use = Array.from({ length: 1100 }, (_, i) =>
    pickle("j", uint32(i), "j", uint32(i), STACK_GLOBAL, POP),
  );
  return repeated(Buffer.concat(use), 100_000, pickle(proto(4), ...texts));
}

/** A source that is not there: one piece over and over, behind a start. */
function repeated(piece: Buffer, times: number, start: Buffer = Buffer.alloc(0)): ByteSource {
  const size = start.length + piece.length * times;
  const block = Buffer.alloc(Math.ceil((1024 * 1024) / piece.length) * piece.length, piece);
  const head = Buffer.concat([start, block]);
  return {
    size,
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const from = offset - start.length;
      if (from >= 0) return block.subarray(from % piece.length, (from % piece.length) + wanted);
      return head.subarray(offset, offset + wanted);
    },
  };
}
