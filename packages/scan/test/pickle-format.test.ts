import test from "ava";
import list from "../data/allow-list.json" with { type: "json" };
import { ALLOW_LIST_DIGEST, ALLOW_LIST_SIZE, allowed } from "../src/pickle/allow-list.ts";
import { isDangerous } from "../src/pickle/dangerous.ts";
import { inPython3 } from "../src/pickle/python2.ts";
import { isPickle } from "../src/pickle/recognise.ts";
import type { ScanVerdict } from "../src/report.ts";
import { scanSource, type SourceScan } from "../src/scan-source.ts";
import { bufferSource } from "../src/source.ts";
import { joblibArray } from "./bypass-rows.ts";
import {
  bytes,
  call,
  calling,
  EMPTY_DICT,
  EMPTY_LIST,
  EMPTY_TUPLE,
  global,
  MARK,
  NEWOBJ,
  type Part,
  pickle,
  proto,
  REDUCE,
  STOP,
  text,
  TUPLE,
  TUPLE1,
  TUPLE2,
  TUPLE3,
  uint32,
  uint64,
} from "./pickle-assembler.ts";

function scan(...parts: readonly Part[]): Promise<SourceScan> {
  return scanSource("model.pkl", bufferSource(pickle(...parts)));
}

const VERDICTS: readonly (readonly [ScanVerdict, what: string, parts: readonly Part[]])[] = [
  ["allowed", "data alone", [proto(2), EMPTY_LIST, STOP]],
  ["allowed", "two streams of data", [proto(2), "N", STOP, proto(2), "N", STOP]],
  ["allowed", "a newline behind the end", [proto(2), "N", STOP, "\n"]],
  ["allowed", "an allowed class", [proto(2), call("collections", "OrderedDict"), STOP]],
  ["allowed", "Python 2's spelling", [proto(2), call("__builtin__", "set"), STOP]],
  ["allowed", "protocol 0 without PROTO", ["(dp0\nS'a'\np1\nI1\ns."]],
  ["allowed", "a function as a value", [proto(2), global("numpy", "mean"), STOP]],
  [
    "allowed",
    "an estimator without its constructor",
    [proto(2), global("sklearn.svm._classes", "SVC"), EMPTY_TUPLE, NEWOBJ, STOP],
  ],
  [
    "allowed",
    "a factory that may be called",
    [
      proto(2),
      global("collections", "defaultdict"),
      global("builtins", "list"),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
  [
    "allowed",
    "a loader of PyTorch's with harmless bytes",
    [
      proto(3),
      global("torch.storage", "_load_from_bytes"),
      bytes(pickle(proto(2), "N", STOP)),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
  [
    "unknown-import",
    "Python 2's spelling in protocol 3",
    [proto(3), global("copy_reg", "_reconstructor"), STOP],
  ],
  ["unknown-import", "a function that is called", [proto(2), call("numpy", "mean", "x"), STOP]],
  [
    "unknown-import",
    "the constructor of an estimator",
    [proto(2), call("sklearn.svm._classes", "SVC"), STOP],
  ],
  [
    "unknown-import",
    "items for an estimator",
    [proto(2), global("sklearn.svm._classes", "SVC"), EMPTY_TUPLE, NEWOBJ, "NNs", STOP],
  ],
  [
    "unknown-import",
    "a factory that is a value alone",
    [proto(2), global("collections", "defaultdict"), global("numpy", "mean"), TUPLE1, REDUCE, STOP],
  ],
  ["unknown-import", "a user's own class", [proto(2), call("__main__", "Model"), STOP]],
  ["executable", "a class of TorchScript's", [proto(2), call("__torch__.net", "Net"), STOP]],
  ["unscannable", "a protocol of the future", [proto(7), "N", STOP]],
  ["unscannable", "bytes behind the end", [proto(2), "N", STOP, "\0\0\0"]],
  ["unscannable", "an empty stream", [proto(2)]],
  [
    "dangerous",
    "a loader of PyTorch's with a call in its bytes",
    [
      proto(3),
      global("torch.storage", "_load_from_bytes"),
      bytes(calling("os", "system", "id")),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
  [
    "dangerous",
    "a loader of PyTorch's with bytes that are not known",
    [
      proto(3),
      global("torch.storage", "_load_from_bytes"),
      call("_codecs", "encode", "abc", "latin1"),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
  [
    "dangerous",
    "getattr of what is imported",
    [
      proto(2),
      global("builtins", "getattr"),
      global("os", "name"),
      text("system"),
      TUPLE2,
      REDUCE,
      text("id"),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
  [
    "dangerous",
    "getattr of what every object has",
    [
      proto(2),
      global("builtins", "getattr"),
      global("collections", "OrderedDict"),
      text("__init__"),
      TUPLE2,
      REDUCE,
      STOP,
    ],
  ],
  [
    "dangerous",
    "getattr as a value that another name calls",
    [
      proto(2),
      global("collections", "defaultdict"),
      global("builtins", "getattr"),
      TUPLE1,
      REDUCE,
      STOP,
    ],
  ],
];

for (const [verdict, what, parts] of VERDICTS) {
  test(`PICKLE finds ${what} ${verdict}`, async (t) => {
    const found = await scan(...parts);
    t.is(found.verdict, verdict, JSON.stringify(found.observations, null, 1));
    t.true(found.formats.includes("pickle"));
  });
}

const TEXTS = [
  "catboost\nnumpy\npandas\n",
  "competitive\nmodel of the year\n",
  "(c) 2024 Somebody. All rights reserved.\n",
  "N. Smith wrote this.\n",
  "I am\na text.\n",
  "PK",
  '{"a": 1}\n',
  "]]>\n",
  "import os\nos.system('id')\n",
  "Visit us.\n",
];

for (const words of TEXTS) {
  test(`isPickle() takes no text for a pickle: ${JSON.stringify(words)}`, (t) => {
    t.false(isPickle(bufferSource(Buffer.from(words))));
  });
}

const OLD = [
  "cos\nsystem\n(S'id'\ntR.",
  "(lp0\n.",
  "I1\n.",
  "cos\nsystem\n!",
  "N.cos\nsystem\n(tR.",
];

for (const old of OLD) {
  test(`isPickle() knows protocol 0: ${JSON.stringify(old)}`, (t) => {
    t.true(isPickle(bufferSource(Buffer.from(old))));
  });
}

/** A file of PyTorch's before 1.6: five streams and the storages' bytes. */
function legacy(object: Buffer, storages: Buffer): Buffer {
  return pickle(
    pickle(proto(2), "\x8a\x0a", Buffer.from("6cfc9c46f9206aa85019", "hex"), STOP),
    pickle(proto(2), "M\xe9\x03", STOP),
    pickle(proto(2), EMPTY_DICT, STOP),
    object,
    pickle(proto(2), EMPTY_LIST, text("k1"), "a", STOP),
    storages,
  );
}

const STORAGE = pickle(
  proto(2),
  global("torch._utils", "_rebuild_tensor_v2"),
  MARK,
  MARK,
  text("storage"),
  global("torch", "FloatStorage"),
  text("k1"),
  text("cpu"),
  "K\x03N",
  TUPLE,
  "Q",
  "K\x00",
  "K\x03",
  TUPLE1,
  "K\x01",
  TUPLE1,
  "\x89",
  call("collections", "OrderedDict"),
  TUPLE,
  REDUCE,
  STOP,
);

test("PICKLE accounts for every byte of a legacy file of PyTorch's", async (t) => {
  const whole = await scan(legacy(STORAGE, pickle(uint64(3), Buffer.alloc(12, 0x80))));
  t.is(whole.verdict, "allowed", JSON.stringify(whole.observations, null, 1));
  t.deepEqual(whole.formats, ["pickle", "torch-legacy"]);
  const more = await scan(legacy(STORAGE, pickle(uint64(3), Buffer.alloc(13))));
  t.is(more.verdict, "unscannable");
  const hidden = await scan(
    legacy(STORAGE, pickle(uint64(3), Buffer.alloc(13), calling("os", "x"))),
  );
  t.is(hidden.verdict, "dangerous");
});

test("PICKLE judges the object of a legacy file of PyTorch's", async (t) => {
  const { verdict } = await scan(legacy(calling("os", "system", "id"), Buffer.alloc(0)));
  t.is(verdict, "dangerous");
});

test("PICKLE skips the bytes of joblib's arrays, and reads on behind them", async (t) => {
  const plain = await scan(joblibArray(Buffer.from([0xff, 0xfe, 0x00, 0x80])));
  t.is(plain.verdict, "allowed", JSON.stringify(plain.observations, null, 1));
  t.deepEqual(plain.formats, ["pickle", "joblib"]);
  const cut = await scan(joblibArray(Buffer.alloc(100)).subarray(0, -50));
  t.is(cut.verdict, "unscannable");
});

test("PICKLE finds a call behind joblib's arrays in a structure that hides its objects", async (t) => {
  const unknown = joblibArray(Buffer.alloc(8), [], "V8");
  t.is((await scan(unknown)).verdict, "unscannable");
});

test("PICKLE does not take a count for a promise: an array longer than the file", async (t) => {
  const file = joblibArray(Buffer.alloc(4));
  const at = file.indexOf(pickle("J", uint32(4))) + 1;
  file.writeUInt32LE(0x7fffffff, at);
  t.is((await scan(file)).verdict, "unscannable");
});

test("inPython3() spells as Python does", (t) => {
  t.deepEqual(inPython3("__builtin__", "xrange"), ["builtins", "range"]);
  t.deepEqual(inPython3("copy_reg", "_reconstructor"), ["copyreg", "_reconstructor"]);
  t.deepEqual(inPython3("commands", "getoutput"), ["subprocess", "getoutput"]);
  t.deepEqual(inPython3("numpy", "ndarray"), ["numpy", "ndarray"]);
});

test("isDangerous() knows modules with all that is below them, and no more", (t) => {
  t.true(isDangerous("os", "anything"));
  t.true(isDangerous("os.path", "join"));
  t.true(isDangerous("torch._dynamo.guards", "x"));
  t.true(isDangerous("shutil2", "os.system"));
  t.true(isDangerous("a", "b.__globals__"));
  t.false(isDangerous("osx", "anything"));
  t.false(isDangerous("torch.nn.modules.linear", "Linear"));
});

test("allowed() takes exact names alone", (t) => {
  t.truthy(allowed("collections", "OrderedDict"));
  t.is(allowed("collections", "OrderedDict.fromkeys"), undefined);
  t.is(allowed("collections.", "OrderedDict"), undefined);
  t.is(allowed("sklearn", "svm._classes.SVC"), undefined);
});

const NEVER = [
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["builtins", "getattr"],
  ["builtins", "type"],
  ["builtins", "map"],
  ["functools", "partial"],
  ["functools", "reduce"],
  ["operator", "attrgetter"],
  ["operator", "methodcaller"],
  ["importlib", "import_module"],
  ["numpy", "load"],
  ["numpy", "memmap"],
  ["numpy", "fromfile"],
  ["joblib", "load"],
  ["pandas", "read_pickle"],
  ["torch", "load"],
  ["torch.storage", "_load_from_bytes"],
  ["torch.jit", "load"],
  ["pickle", "loads"],
  ["cloudpickle.cloudpickle", "_make_function"],
  ["xgboost.core", "load_model"],
] as const;

for (const [module, name] of NEVER) {
  test(`the allow list does not hold ${module}.${name}`, (t) => {
    t.is(allowed(module, name), undefined);
  });
}

/** Entries that the list of dangerous names holds as well, each for the reason that it gives. */
const REVIEWED = new Set([
  "numpy vectorize",
  "re _compile",
  "torch.serialization _get_layout",
  "uuid SafeUUID",
  "uuid UUID",
]);

test("the allow list has a reason, a mode and a release for every name, each name once", (t) => {
  const seen = new Set<string>();
  for (const { framework, versions, names } of list.frameworks) {
    t.regex(versions, /\d/, framework);
    for (const [module = "", name = "", flags = ""] of names) {
      const entry = allowed(module, name);
      t.truthy(entry?.reason, `${module}.${name}`);
      t.true((entry?.reason.length ?? 0) > 10, `${module}.${name}`);
      t.regex(flags, /^(?:reference|class|callable)(?: items)?(?: applies)?$/);
      t.false(seen.has(`${module} ${name}`), `${module}.${name} stands twice`);
      seen.add(`${module} ${name}`);
      if (module.startsWith("pathlib")) continue;
      if (!REVIEWED.has(`${module} ${name}`))
        t.false(isDangerous(module, name), `${module}.${name}`);
    }
  }
  t.is(seen.size, ALLOW_LIST_SIZE);
  t.true(seen.size > 500);
});

test("ALLOW_LIST_DIGEST is a SHA-256", (t) => {
  t.regex(ALLOW_LIST_DIGEST, /^[0-9a-f]{64}$/);
});

test("PICKLE tells an import once, whatever calls it how often", async (t) => {
  const calls = Array.from({ length: 50 }, () => pickle(call("collections", "OrderedDict"), "0"));
  const { observations } = await scan(proto(2), ...calls, "N", STOP);
  t.is(observations.length, 1);
  t.deepEqual(observations[0]?.import, {
    module: "collections",
    name: "OrderedDict",
    called: true,
    uses: ["call"],
  });
});

test("PICKLE judges what is given to a name that calls it", async (t) => {
  const index = (module: string, name: string): Promise<SourceScan> =>
    scan(
      proto(2),
      global("pandas.core.indexes.base", "_new_Index"),
      global(module, name),
      EMPTY_DICT,
      TUPLE2,
      REDUCE,
      STOP,
    );
  t.is((await index("pandas.core.indexes.base", "Index")).verdict, "allowed");
  t.is((await index("numpy", "mean")).verdict, "unknown-import");
  const instance = await scan(
    proto(2),
    global("copyreg", "_reconstructor"),
    global("numpy", "mean"),
    global("builtins", "object"),
    "N",
    TUPLE3,
    REDUCE,
    STOP,
  );
  t.is(instance.verdict, "unknown-import");
});
