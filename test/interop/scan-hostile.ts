/** Files that run code when CPython loads them: calls that leave a mark, in many spellings. */
import { deflateSync } from "node:zlib";

type Part = Buffer | number | string;

export interface Hostile {
  /** Its ending names the loader. */
  readonly name: string;
  readonly file: Buffer;
}

function join(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "number"
        ? Buffer.from([part])
        : typeof part === "string"
          ? Buffer.from(part, "latin1")
          : part,
    ),
  );
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

type Value = string | number | readonly Value[] | Buffer;

/** A value as opcodes; a buffer is opcodes already. */
function value(it: Value): Buffer {
  if (Buffer.isBuffer(it)) return it;
  if (typeof it === "number") return join("J", uint32(it));
  if (typeof it === "string") return join("X", uint32(Buffer.byteLength(it)), Buffer.from(it));
  return join("](", ...(it as readonly Value[]).map(value), "e");
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

function call(callee: Buffer, ...args: readonly Value[]): Buffer {
  return join(callee, "(", ...args.map(value), "tR");
}

function stackGlobal(module: string, name: string): Buffer {
  return join(0x8c, module.length, module, 0x8c, name.length, name, "\x93");
}

const TOUCH = "touch mark";
const OPEN = "open('mark', 'w')";
const ARGV = ["touch", "mark"];
const OS = call(global("importlib", "import_module"), "os");
const SYSTEM = global("os", "system");
const PAYLOAD = call(SYSTEM, TOUCH);
const WHOLE = join("\x80\x02", PAYLOAD, ".");

/** Names that leave a mark when they are called with these. */
const GADGETS: readonly (readonly [module: string, name: string, ...args: Value[]])[] = [
  ["os", "system", TOUCH],
  ["posix", "system", TOUCH],
  ["os", "mkdir", "mark"],
  ["os", "mknod", "mark"],
  ["os", "makedirs", "mark"],
  ["os", "symlink", "/", "mark"],
  ["os", "popen", TOUCH],
  ["os", "spawnvp", 0, "touch", ARGV],
  ["os", "spawnlp", 0, "touch", "touch", "mark"],
  ["subprocess", "call", ARGV],
  ["subprocess", "run", ARGV],
  ["subprocess", "check_call", ARGV],
  ["subprocess", "check_output", ARGV],
  ["subprocess", "getoutput", TOUCH],
  ["subprocess", "getstatusoutput", TOUCH],
  ["subprocess", "Popen", ARGV],
  ["commands", "getoutput", TOUCH],
  ["builtins", "exec", OPEN],
  ["builtins", "eval", OPEN],
  ["__builtin__", "eval", OPEN],
  ["builtins", "open", "mark", "w"],
  ["io", "open", "mark", "w"],
  ["_io", "open", "mark", "w"],
  ["_io", "FileIO", "mark", "w"],
  ["_pyio", "open", "mark", "w"],
  ["codecs", "open", "mark", "w"],
  ["gzip", "open", "mark", "w"],
  ["bz2", "open", "mark", "w"],
  ["lzma", "open", "mark", "w"],
  ["tarfile", "open", "mark", "w"],
  ["zipfile", "ZipFile", "mark", "w"],
  ["wave", "open", "mark", "w"],
  ["shelve", "open", "mark"],
  ["dbm.dumb", "open", "mark"],
  ["sqlite3", "connect", "mark"],
  ["mailbox", "Maildir", "mark"],
  ["logging", "FileHandler", "mark"],
  ["logging.handlers", "RotatingFileHandler", "mark"],
  ["shutil", "copyfile", "/etc/passwd", "mark"],
  ["shutil", "copy", "/etc/passwd", "mark"],
  ["urllib.request", "urlretrieve", "file:///etc/passwd", "mark"],
  ["tempfile", "mkdtemp", "a", "b", "."],
  ["tempfile", "mkstemp", "a", "b", "."],
  ["timeit", "timeit", OPEN],
  ["timeit", "repeat", OPEN],
  ["cProfile", "run", OPEN],
  ["profile", "run", OPEN],
  ["distutils.file_util", "write_file", "mark", ["x"]],
  ["distutils.dir_util", "mkpath", "mark"],
  ["distutils.spawn", "spawn", ARGV],
  ["setuptools._distutils.spawn", "spawn", ARGV],
  ["pydoc", "pipepager", "x", "touch mark; cat"],
  ["pty", "spawn", ARGV],
  ["multiprocessing.util", "spawnv_passfds", Buffer.from("C\x0a/bin/touch"), ARGV, []],
  ["numpy", "savetxt", "mark", [1]],
  ["numpy", "save", "mark", [1]],
  ["numpy", "memmap", "mark", "uint8", "w+", 0, 9],
  ["joblib", "dump", [1], "mark"],
  ["pandas.io.pickle", "to_pickle", [1], "mark"],
];

/** The same call of `os.system` in other opcodes. */
const SPELLINGS: readonly (readonly [name: string, file: Buffer])[] = [
  ["protocol-0", join("cos\nsystem\n(S'touch mark'\ntR.")],
  ["inst", join("(S'touch mark'\nios\nsystem\n.")],
  ["obj", join("\x80\x02(", SYSTEM, value(TOUCH), "o.")],
  ["obj-pop", join("\x80\x02(", SYSTEM, value(TOUCH), "o0N.")],
  ["stack-global", join("\x80\x04", stackGlobal("os", "system"), value(TOUCH), "\x85R.")],
  ["dotted", join("\x80\x04", stackGlobal("shutil", "os.system"), value(TOUCH), "\x85R.")],
  ["dotted-lines", join("\x80\x04", global("glob", "os.system"), value(TOUCH), "\x85R.")],
  ["unicode-escapes", join("V\\u006fs\nV\\u0073ystem\n\x93(S'touch mark'\ntR.")],
  ["string-escapes", join("S'\\x6f\\163'\nS'syste\\x6d'\n\x93(S'touch mark'\ntR.")],
  ["old-strings", join("\x80\x02U\x02osT", uint32(6), "system\x93", value(TOUCH), "\x85R.")],
  [
    "long-unicode",
    join("\x80\x04\x8d", uint64(2), "os\x8d", uint64(6), "system\x93", value(TOUCH), "\x85R."),
  ],
  [
    "memo",
    join("\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93", value(TOUCH), "\x85R."),
  ],
  [
    "memo-twice",
    join(
      "\x80\x04\x8c\x03abcq\x070\x8c\x02osq\x070h\x07\x8c\x06system\x93",
      value(TOUCH),
      "\x85R.",
    ),
  ],
  ["memo-put", join("Vos\np5\n0Vsystem\np6\n0g5\ng6\n\x93(S'touch mark'\ntR.")],
  ["dup", join("\x80\x04", SYSTEM, "2", value(TOUCH), "\x85R.")],
  ["frame", join("\x80\x04\x95", uint64(PAYLOAD.length + 1), PAYLOAD, ".")],
  ["breaks-behind", join("\x80\x02", PAYLOAD, "\xff\xff")],
  ["no-stop", join("\x80\x02", PAYLOAD)],
  ["no-proto", join(PAYLOAD, ".")],
  ["memo-miss-behind", join("\x80\x02", PAYLOAD, "h\xff.")],
  ["protocol-3-name", join("\x80\x03", PAYLOAD, ".")],
  ["protocols", join("\x80\x02\x80\x03\x80\x04", PAYLOAD, ".")],
  ["as-key", join("\x80\x02}", PAYLOAD, "Ns.")],
  ["in-tuple", join("\x80\x02(NN", PAYLOAD, "t.")],
  ["in-list", join("\x80\x02](", PAYLOAD, "Ne.")],
  [
    "call-of-result",
    join("\x80\x02", call(global("operator", "methodcaller"), "system", TOUCH), OS, "\x85R."),
  ],
  [
    "attrgetter",
    join(
      "\x80\x02",
      call(global("operator", "attrgetter"), "system"),
      OS,
      "\x85R",
      value(TOUCH),
      "\x85R.",
    ),
  ],
  [
    "getattr",
    join("\x80\x02", call(global("builtins", "getattr"), OS, "system"), value(TOUCH), "\x85R."),
  ],
  [
    "getattr-2",
    join("\x80\x02", call(global("__builtin__", "getattr"), OS, "system"), value(TOUCH), "\x85R."),
  ],
  ["partial", join("\x80\x02", call(global("functools", "partial"), SYSTEM, TOUCH), ")R.")],
  [
    "map",
    join(
      "\x80\x02",
      call(global("builtins", "list"), call(global("builtins", "map"), SYSTEM, [TOUCH])),
      ".",
    ),
  ],
  [
    "filter",
    join(
      "\x80\x02",
      call(global("builtins", "list"), call(global("builtins", "filter"), SYSTEM, [TOUCH])),
      ".",
    ),
  ],
  [
    "map-newobj",
    join(
      "\x80\x02",
      global("builtins", "tuple"),
      global("builtins", "map"),
      SYSTEM,
      value([TOUCH]),
      "\x86\x81\x85R.",
    ),
  ],
  [
    "reduce",
    join(
      "\x80\x02",
      call(global("functools", "reduce"), global("os", "makedirs"), [0o755], "mark"),
      ".",
    ),
  ],
  [
    "resolve-name",
    join("\x80\x02", call(global("pkgutil", "resolve_name"), "os:system"), value(TOUCH), "\x85R."),
  ],
  [
    "computed-name",
    join(
      "\x80\x04\x8c\x02os",
      call(call(global("operator", "methodcaller"), "lower"), "SYSTEM"),
      "\x93",
      value(TOUCH),
      "\x85R.",
    ),
  ],
  [
    "nested",
    join("\x80\x03", call(global("pickle", "loads"), join("B", uint32(WHOLE.length), WHOLE)), "."),
  ],
  [
    "nested-2",
    join("\x80\x03", call(global("_pickle", "loads"), join("B", uint32(WHOLE.length), WHOLE)), "."),
  ],
  [
    "default",
    join(
      "\x80\x02",
      call(global("collections", "defaultdict"), global("os", "getcwd")),
      "0",
      PAYLOAD,
      ".",
    ),
  ],
  [
    "reconstructor",
    join(
      "\x80\x02",
      call(
        global("copyreg", "_reconstructor"),
        global("builtins", "list"),
        global("builtins", "list"),
        call(global("builtins", "map"), SYSTEM, [TOUCH]),
      ),
      ".",
    ),
  ],
  [
    "setitem-handler",
    join("\x80\x02", global("logging", "FileHandler"), value("mark"), "\x85R0N."),
  ],
  ["long-name-pad", join("\x80\x02", value("x".repeat(300_000)), "0", PAYLOAD, ".")],
  [
    "big-bytes-before",
    join("\x80\x03B", uint32(1_000_000), Buffer.alloc(1_000_000), "0", PAYLOAD, "."),
  ],
  ["many-opcodes-before", join("\x80\x02", Buffer.alloc(200_000, "N0"), PAYLOAD, ".")],
];

export function hostileFiles(): Hostile[] {
  return [
    ...GADGETS.map(([module, name, ...args], at) => ({
      name: `gadget-${String(at).padStart(2, "0")}-${module}.${name}.pkl`,
      file: join("\x80\x02", call(global(module, name), ...args), "."),
    })),
    ...SPELLINGS.flatMap(([name, file]) => [
      { name: `spelling-${name}.pkl`, file },
      { name: `spelling-${name}.bytes`, file },
      { name: `spelling-${name}.python`, file },
    ]),
    // Read from bytes, CPython's line starts anew at the frame's end.
    {
      name: "frame-within-name.bytes",
      file: join("\x80\x04\x95", uint64(4), "cxxxos\nsystem\n", value(TOUCH), "\x85R."),
    },
    { name: "second.streams", file: join("\x80\x02N.", "\x80\x02}.", WHOLE) },
    { name: "third.streams", file: join("N.", "I1\n.", WHOLE) },
    { name: "objects.npy", file: npy(WHOLE) },
    { name: "objects.npz", file: stored("a.npy", npy(WHOLE)) },
    { name: "plain.joblib", file: WHOLE },
    { name: "zlib.joblib", file: deflateSync(WHOLE) },
    { name: "array-behind.joblib", file: wrapped(Buffer.alloc(16), PAYLOAD) },
    { name: "array-within.pkl", file: wrapped(join(PAYLOAD, "."), Buffer.alloc(0)) },
    {
      name: "array-within-memo.pkl",
      file: wrapped(
        join("hZh[\x93", value(TOUCH), "\x85R."),
        Buffer.alloc(0),
        "\x8c\x02osqZ0\x8c\x06systemq[0",
      ),
    },
    { name: "array-of-objects.joblib", file: wrapped(WHOLE, Buffer.alloc(0), "", "O8") },
  ];
}

function npy(content: Buffer): Buffer {
  const header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".padEnd(117) + "\n";
  return join("\x93NUMPY\x01\x00", header.length & 0xff, header.length >> 8, header, content);
}

/** A zip of one stored entry. */
function stored(name: string, content: Buffer): Buffer {
  const crc = crc32(content);
  const fields = join(uint32(crc), uint32(content.length), uint32(content.length), name.length, 0);
  const local = join("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0", fields, "\0\0", name, content);
  const entry = join("PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0", fields, Buffer.alloc(16), name);
  const end = join(
    "PK\x05\x06\0\0\0\0\x01\0\x01\0",
    uint32(entry.length),
    uint32(local.length),
    "\0\0",
  );
  return join(local, entry, end);
}

function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A file of joblib's with one array, whose bytes are the caller's. */
function wrapped(content: Buffer, behind: Buffer, before = "", type = "u1"): Buffer {
  return join(
    "\x80\x03",
    before,
    "(",
    global("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ")\x81}(",
    value("subclass"),
    global("numpy", "ndarray"),
    value("shape"),
    "J",
    uint32(type === "O8" ? 1 : content.length),
    "\x85",
    value("order"),
    value("C"),
    value("dtype"),
    global("numpy", "dtype"),
    value(type),
    "\x89\x88\x87R",
    value("allow_mmap"),
    "\x88ub",
    content,
    behind,
    "t.",
  );
}
