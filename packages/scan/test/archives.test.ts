/** Archives and compressed files: every view is judged, and every disagreement is told. */
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import test from "ava";
import { LZ4 } from "../src/formats/lz4.ts";
import { worse } from "../src/report.ts";
import { scanSource } from "../src/scan-source.ts";
import { bufferSource } from "../src/source.ts";
import { tar, zip, type ZipEntry } from "./archives.ts";
import { npyOf } from "./numbers.ts";
import {
  call,
  calling,
  global,
  MARK,
  npyOfObjects,
  pickle,
  proto,
  STOP,
  text,
  TUPLE,
  uint32,
  uint64,
} from "./pickle-assembler.ts";

const EVIL = calling("os", "system", "id");
/** The same without a byte that tells a pickle at sight. */
const EVIL_TEXT = pickle("cos\nsystem\n(S'id'\ntR", STOP);
const GOOD = pickle("]", STOP);
const NUMBERS = npyOf("'<f4'", "(2,)", Buffer.alloc(8));

const DANGEROUS: readonly (readonly [string, Buffer])[] = [
  [
    "CVE-2025-1889: a pickle with an odd extension within",
    zip([
      { name: "m/data.pkl", data: GOOD },
      { name: "m/config.p", data: EVIL },
    ]),
  ],
  ["a pickle without PROTO, called a picture", zip([{ name: "logo.png", data: EVIL_TEXT }])],
  [
    "CVE-2025-1944: another name in the local header",
    zip([{ name: "data.pkl", localName: "datb.pkl", data: EVIL }]),
  ],
  [
    "CVE-2025-1945: flag bits that say it is encrypted",
    zip([{ name: "m/data.pkl", data: EVIL, flags: 0x1 }]),
  ],
  ["CVE-2025-1945: every other flag bit", zip([{ name: "m/data.pkl", data: EVIL, flags: 0xfff7 }])],
  ["CVE-2025-10156: a wrong checksum", zip([{ name: "m/data.pkl", data: EVIL, crc: 1 }])],
  ["a wrong checksum, packed", zip([{ name: "m/data.pkl", data: EVIL, crc: 1, method: 8 }])],
  ["CVE-2025-10155: a pickle where PyTorch's extension is", EVIL],
  ["sizes behind the data", zip([{ name: "m/data.pkl", data: EVIL, deferred: true }])],
  [
    "an entry that the directory does not list",
    zip([
      { name: "m/a.txt", data: "a" },
      { name: "m/data.pkl", data: EVIL, hidden: true },
      { name: "m/b.txt", data: "b" },
    ]),
  ],
  [
    "a packed entry that the directory does not list",
    zip([
      { name: "m/data.pkl", data: EVIL, hidden: true, method: 8, deferred: true },
      { name: "m/b.txt", data: "b" },
    ]),
  ],
  ["two methods", zip([{ name: "m/data.pkl", data: EVIL, method: 0, localMethod: 8 }])],
  [
    "a pickle among the numbers of PyTorch",
    zip([
      { name: "m/data.pkl", data: GOOD },
      { name: "m/data/0", data: EVIL },
    ]),
  ],
  ["a pickle before the archive", zip([{ name: "a", data: "a" }], { prefix: EVIL })],
  [
    "an archive within an archive",
    zip([{ name: "a.bin", data: zip([{ name: "b", data: EVIL }]), method: 8 }]),
  ],
  [
    "an archive without a directory",
    zip([{ name: "m/data.pkl", data: EVIL }]).subarray(0, 60 + EVIL.length),
  ],
  ["a name that leads out", zip([{ name: "../../x", data: "x" }])],
  ["an absolute name", zip([{ name: "/etc/cron.d/x", data: "x" }])],
  ["a name with a drive", zip([{ name: "C:\\x", data: "x" }])],
  [
    "an array of objects in an .npz",
    zip([
      { name: "a.npy", data: NUMBERS },
      { name: "b.npy", data: npyOfObjects(EVIL), method: 8 },
    ]),
  ],
  ["a pickle in a tar", tar([{ name: "a", data: EVIL }])],
  [
    "PyTorch's tar",
    tar([
      { name: "sys_info", data: GOOD },
      { name: "pickle", data: EVIL },
      { name: "storages", data: GOOD },
      { name: "tensors", data: GOOD },
    ]),
  ],
  ["a pickle behind the end of a tar", tar([{ name: "a", data: "a" }], EVIL)],
  ["a name that leads out of a tar", tar([{ name: "../a", data: "a" }])],
  ["gzip", gzipSync(EVIL)],
  ["the second stream of gzip", Buffer.concat([gzipSync(GOOD), gzipSync(EVIL)])],
  ["zlib", deflateSync(EVIL)],
  ["zlib with a small window", deflateSync(EVIL, { windowBits: 9 })],
  ["zstd", zstdCompressSync(EVIL)],
  [
    "joblib's old header",
    Buffer.concat([Buffer.from("ZF0x2e              ".padEnd(21), "latin1"), deflateSync(EVIL)]),
  ],
  [
    "gzip that is cut behind the call",
    gzipSync(Buffer.concat([EVIL, Buffer.alloc(100_000, 7)])).subarray(0, -8),
  ],
  [
    "gzip in gzip in a tar in a zip",
    zip([{ name: "x", data: tar([{ name: "y", data: gzipSync(gzipSync(EVIL)) }]) }]),
  ],
];
for (const [what, file] of DANGEROUS) {
  test(`scanSource() finds the call: ${what}`, async (t) => {
    const { verdict, observations } = await scanSource("model.bin", bufferSource(file));
    t.is(verdict, "dangerous", JSON.stringify(observations, null, 1));
  });
}

const TOLD: readonly (readonly [string, Buffer, rule: string])[] = [
  ["two names", zip([{ name: "a", localName: "b", data: "x" }]), "zip-two-names"],
  ["two methods", zip([{ name: "a", data: "x", localMethod: 8 }]), "zip-two-methods"],
  ["two sizes", zip([{ name: "a", data: "xyz", localSize: 1 }]), "zip-two-sizes"],
  [
    "another size when unpacked",
    zip([{ name: "a", data: "xyz", method: 8, size: 2 }]),
    "zip-two-sizes",
  ],
  ["two sizes of what is stored", zip([{ name: "a", data: "xyz", size: 2 }]), "zip-two-sizes"],
  ["an encryption bit", zip([{ name: "a", data: "x", flags: 1 }]), "zip-encrypted"],
  ["a method that is not known", zip([{ name: "a", data: "x", method: 93 }]), "zip-method"],
  [
    "two entries of one name",
    zip([
      { name: "a", data: "x" },
      { name: "a", data: "y" },
    ]),
    "zip-duplicate",
  ],
  ["bytes before", zip([{ name: "a", data: "x" }], { prefix: "#!/bin/sh\n" }), "zip-prefix"],
  ["bytes behind", zip([{ name: "a", data: "x" }], { suffix: "more" }), "zip-suffix"],
  ["bytes between", zip([{ name: "a", data: "x" }], { between: "hidden" }), "zip-hidden-bytes"],
  [
    "bytes behind packed data",
    zip([{ name: "a", data: "x", method: 8, behind: "zz" }]),
    "zip-hidden-bytes",
  ],
  [
    "a hidden entry",
    zip([
      { name: "a", data: "x", hidden: true },
      { name: "b", data: "y" },
    ]),
    "zip-hidden-entry",
  ],
  ["fewer entries than it says", zip([{ name: "a", data: "x" }], { count: 2 }), "zip-two-views"],
  [
    "more entries than it says",
    zip(
      [
        { name: "a", data: "x" },
        { name: "b", data: "y" },
      ],
      { count: 1 },
    ),
    "zip-two-views",
  ],
  ["another directory in the comment", twoDirectories(), "zip-two-views"],
  ["a symbolic link", zip([{ name: "a", data: "b", mode: 0o120777 }]), "zip-symlink"],
  ["a backslash", zip([{ name: "a\\b", data: "x" }]), "zip-name"],
  ["a NUL in a name", zip([{ name: "a.txt\0.pkl", data: "x" }]), "zip-name"],
  [
    "a second name in an extra field",
    zip([{ name: "a", data: "x", extra: unicodePath("b") }]),
    "zip-two-names",
  ],
  ["no directory", zip([{ name: "a", data: "x" }]).subarray(0, 40), "zip-cut"],
  ["a link in a tar", tar([{ name: "a", type: "2", link: "/etc/passwd" }]), "tar-link"],
  ["a device in a tar", tar([{ name: "a", type: "3" }]), "tar-special"],
  [
    "two entries of one name in a tar",
    tar([
      { name: "a", data: "x" },
      { name: "a", data: "y" },
    ]),
    "tar-duplicate",
  ],
  ["bytes behind a tar", tar([{ name: "a", data: "x" }], "more"), "tar-suffix"],
  [
    "a tar that is cut",
    tar([{ name: "a", data: Buffer.alloc(2000, 65) }]).subarray(0, 1200),
    "tar-cut",
  ],
  ["bytes behind gzip", Buffer.concat([gzipSync("x"), Buffer.from("more")]), "stream-broken"],
  ["gzip that is cut", gzipSync("x".repeat(100)).subarray(0, -9), "stream-broken"],
  ["gzip with a wrong sum", wrongSum(), "stream-broken"],
  [
    "nullifAI: 7z",
    Buffer.concat([Buffer.from("7z\xbc\xaf\x27\x1c\0\x04", "latin1"), EVIL]),
    "not-read",
  ],
  ["RAR", Buffer.from("Rar!\x1a\x07\x01\0 more", "latin1"), "not-read"],
  ["bzip2", Buffer.from("BZh91AY&SY more", "latin1"), "not-read"],
  ["xz", Buffer.from("\xfd7zXZ\0\0 more", "latin1"), "not-read"],
  ["LZMA", Buffer.from("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", "latin1"), "not-read"],
  ["LZ4 of the old form", Buffer.from("\x02\x21\x4c\x18 more", "latin1"), "not-read"],
];
for (const [what, file, rule] of TOLD) {
  test(`scanSource() tells ${what}`, async (t) => {
    const { verdict, observations } = await scanSource("model.bin", bufferSource(file));
    t.is(worse(verdict, "unscannable"), verdict);
    t.true(
      observations.some((each) => each.rule === rule),
      JSON.stringify(observations, null, 1),
    );
  });
}

const GOOD_FILES: readonly (readonly [string, Buffer, formats: readonly string[]])[] = [
  [
    "a zip of texts",
    zip([
      { name: "a", data: "x" },
      { name: "b/", data: "" },
      { name: "b/c", data: "y", method: 8 },
    ]),
    ["zip", "text", "empty"],
  ],
  ["PyTorch's zip", zip(torchEntries()), ["zip", "torch-zip", "pickle", "raw-data", "text"]],
  [
    "PyTorch's zip, sizes behind the data",
    zip(torchEntries().map((each) => ({ ...each, deferred: true }))),
    ["zip", "torch-zip", "pickle", "raw-data", "text"],
  ],
  ["NumPy's zip", zip([{ name: "a.npy", data: NUMBERS, method: 8 }]), ["zip", "numpy-zip", "npy"]],
  ["an empty zip", zip([]), ["zip"]],
  [
    "a comment",
    zip([{ name: "a", data: "x" }], { comment: Buffer.from("made by hand") }),
    ["zip", "text"],
  ],
  [
    "a tar",
    tar([
      { name: "d/", type: "5" },
      { name: "d/a", data: "x" },
    ]),
    ["tar", "text"],
  ],
  [
    "a tar with padding",
    Buffer.concat([tar([{ name: "a", data: "x" }]), Buffer.alloc(10_240)]),
    ["tar", "text"],
  ],
  [
    "a tar that is packed",
    gzipSync(tar([{ name: "a", data: GOOD }])),
    ["gzip", "tar", "pickle", "text"],
  ],
  ["two streams of gzip", Buffer.concat([gzipSync("x"), gzipSync("y")]), ["gzip", "text"]],
];
for (const [what, file, formats] of GOOD_FILES) {
  test(`scanSource() lets pass ${what}`, async (t) => {
    const scan = await scanSource("model.bin", bufferSource(file));
    t.true(
      ["safe-format", "allowed"].includes(scan.verdict),
      JSON.stringify(scan.observations, null, 1),
    );
    t.deepEqual([...scan.formats].toSorted(), [...formats].toSorted());
  });
}

const lz4 = (flags: number, ...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from("04224d18", "hex"),
    Buffer.from([0x40 | flags, 0x40, 0]),
    ...blocks.flatMap((block) => [uint32(block.length), block]),
    uint32(0),
  ]);
/** A block of literals alone. */
const literals = (bytes: Buffer): Buffer =>
  bytes.length < 15
    ? Buffer.concat([Buffer.from([bytes.length << 4]), bytes])
    : Buffer.concat([Buffer.from([0xf0, bytes.length - 15]), bytes]);
const stored = (bytes: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from("04224d1860400a", "hex"),
    uint32(bytes.length + 2 ** 31),
    bytes,
    uint32(0),
  ]);

test("scanSource() unpacks LZ4: literals, matches into themselves and into blocks before", async (t) => {
  const [a, b] = [EVIL.subarray(0, 10), EVIL.subarray(10)];
  for (const file of [
    stored(EVIL),
    lz4(0x20, literals(a), literals(b)),
    Buffer.concat([lz4(0, literals(a)), Buffer.from("502a4d1803000000aabbcc", "hex"), stored(b)]),
  ]) {
    const { verdict, formats } = await scanSource("m", bufferSource(file));
    t.is(verdict, "dangerous");
    t.true(formats.includes("lz4"));
  }
  // "ab", then eight bytes from two before; "!" ends it. The next block takes four of the first.
  const repeats = Buffer.from([0x24, 0x61, 0x62, 2, 0, 0x10, 0x21]);
  const before = Buffer.from([0x00, 11, 0, 0x10, 0x21]);
  const seen: string[] = [];
  await LZ4.scan(bufferSource(lz4(0, repeats, before)), {
    path: "m",
    within: [],
    report: ({ message }) => void seen.push(message),
    format: () => {},
    refers: () => {},
    descend: async (_name, source) => void seen.push(source.read(0, 99).toString()),
    decoded: async (decoder, use) => {
      const parts: Uint8Array[] = [];
      for await (const part of decoder) parts.push(part);
      await use(bufferSource(Buffer.concat(parts)));
    },
  });
  t.deepEqual(seen, ["ababababab!abab!"]);
});

const BROKEN_LZ4: readonly (readonly [string, Buffer])[] = [
  ["a match before the start", lz4(0x20, Buffer.from([0x10, 0x61, 9, 0, 0x10, 0x62]))],
  ["a match of no distance", lz4(0x20, Buffer.from([0x10, 0x61, 0, 0, 0x10, 0x62]))],
  [
    "a match into another block, where they are apart",
    lz4(0x20, literals(EVIL.subarray(0, 9)), Buffer.from([0, 4, 0, 0x10, 0x62])),
  ],
  ["a block that is larger than its frame has", lz4(0x20, Buffer.alloc(70_000))],
  [
    "more than a block may hold",
    lz4(
      0x20,
      Buffer.concat([Buffer.from([0x1f, 0x61, 1, 0]), Buffer.alloc(300, 255), Buffer.from([0])]),
    ),
  ],
  ["literals that are cut", lz4(0x20, Buffer.from([0xf0, 0xff]))],
  ["a dictionary", lz4(0x21, literals(EVIL.subarray(0, 9)))],
  ["a cut", stored(EVIL).subarray(0, -3)],
  ["bytes behind", Buffer.concat([stored(Buffer.from("x")), Buffer.from("more")])],
];
for (const [what, file] of BROKEN_LZ4) {
  test(`scanSource() tells LZ4 with ${what}`, async (t) => {
    const { verdict, observations } = await scanSource("m", bufferSource(file));
    t.is(worse(verdict, "unscannable"), verdict);
    t.true(
      observations.some(({ rule }) => rule === "stream-broken"),
      JSON.stringify(observations),
    );
  });
}

test("scanSource() calls TorchScript a program, whatever its pickles hold", async (t) => {
  const file = zip([
    {
      name: "m/data.pkl",
      data: pickle(
        "c__torch__.M\nM\n)\x81}X\x01\0\0\0kctorch.jit._pickle\nbuild_intlist\n](K\x01e\x85Rsb",
        STOP,
      ),
    },
    { name: "m/code/__torch__.py", data: "class M(Module):\n  pass\n" },
    { name: "m/constants.pkl", data: pickle(")", STOP) },
  ]);
  const { verdict, formats } = await scanSource("m.pt", bufferSource(file));
  t.is(verdict, "executable");
  t.true(formats.includes("torchscript"));
});

const count = (value: number): Buffer => pickle(proto(2), "K", value, STOP);
const numbers = (...values: readonly number[]): Buffer => Buffer.concat(values.map(uint64));
const named = (module: string, name: string): Buffer =>
  pickle(proto(2), MARK, text("1"), text("cpu"), global(module, name), TUPLE, STOP);
const torchTar = (storages: readonly Buffer[], tensors: readonly Buffer[]): Buffer =>
  tar([
    { name: "sys_info", data: count(1) },
    { name: "pickle", data: count(1) },
    { name: "storages", data: Buffer.concat(storages) },
    { name: "tensors", data: Buffer.concat(tensors) },
  ]);
const STORAGE = [named("torch", "FloatStorage"), numbers(2), Buffer.alloc(8, 0xee)];
const TENSOR = [named("torch", "FloatTensor"), numbers(1, 2, 1, 0)];

test("scanSource() reads the pickles and the numbers of PyTorch's tar by turns", async (t) => {
  const file = torchTar(
    [count(2), ...STORAGE, ...STORAGE, pickle(proto(2), "]", STOP)],
    [count(2), ...TENSOR, ...TENSOR],
  );
  const { verdict, formats, observations } = await scanSource("model.tar", bufferSource(file));
  // Types of such old tensors may be on the list, or not: that is no matter of the archive.
  t.true(["allowed", "unknown-import"].includes(verdict), JSON.stringify(observations, null, 1));
  t.true(observations.every(({ rule }) => rule === "pickle-import" || rule === "pickle-data"));
  t.true(formats.includes("torch-tar"));
});

const TORCH_TARS: readonly (readonly [string, Buffer, "dangerous" | "unscannable"])[] = [
  ["a call behind the storages", torchTar([count(1), ...STORAGE, EVIL], [count(0)]), "dangerous"],
  ["a call behind the tensors", torchTar([count(0)], [count(1), ...TENSOR, EVIL]), "dangerous"],
  ["a call among the storages", torchTar([EVIL, ...STORAGE], [count(0)]), "dangerous"],
  [
    "a type that is not known",
    torchTar([count(1), named("torch", "OtherStorage"), numbers(2)], [count(0)]),
    "unscannable",
  ],
  [
    "storages that are cut",
    torchTar([count(1), ...STORAGE.slice(0, 2)], [count(0)]),
    "unscannable",
  ],
  [
    "more items than bytes",
    torchTar([named("torch", "ByteStorage"), numbers(2 ** 52)], []),
    "unscannable",
  ],
];
for (const [what, file, verdict] of TORCH_TARS) {
  test(`scanSource() judges PyTorch's tar with ${what}`, async (t) => {
    const scan = await scanSource("model.tar", bufferSource(file));
    t.is(scan.verdict, verdict, JSON.stringify(scan.observations, null, 1));
  });
}

test("scanSource() ends with a bomb, and calls it unscannable", async (t) => {
  const zeros = gzipSync(Buffer.alloc(20 * 1024 * 1024));
  const limits = { decodedBytes: 10 * 1024 * 1024 };
  for (const bomb of [
    zeros,
    gzipSync(zeros),
    zip([{ name: "a", data: Buffer.alloc(20 * 1024 * 1024), method: 8 }]),
    zip(
      Array.from({ length: 30 }, (_, i): ZipEntry => ({
        name: `${i}`,
        data: Buffer.alloc(1024 * 1024),
        method: 8,
      })),
    ),
  ]) {
    const { verdict, observations } = await scanSource("m", bufferSource(bomb), { limits });
    t.is(verdict, "unscannable");
    t.true(observations.some(({ rule }) => rule === "limit"));
  }
});

test("scanSource() ends with files too deep within files, and with too many", async (t) => {
  let deep: Buffer = Buffer.from("x");
  for (let i = 0; i < 20; i += 1) deep = zip([{ name: "a", data: deep }]);
  const nested = await scanSource("m", bufferSource(deep));
  t.true(nested.observations.some(({ rule }) => rule === "limit"));
  t.is(nested.verdict, "unscannable");
  const many = zip(
    Array.from({ length: 100 }, (_, i): ZipEntry => ({ name: `${i}`, data: `${i}` })),
  );
  const crowded = await scanSource("m", bufferSource(many), { limits: { entries: 50 } });
  t.is(crowded.verdict, "unscannable");
});

test("scanSource() ends in time with entries that lie in each other", async (t) => {
  const file = zip([{ name: "a", data: "text ".repeat(400_000) }]);
  const record = file.subarray(file.indexOf("PK\x01\x02", 0, "latin1"), -22);
  const end = Buffer.from(file.subarray(-22));
  const count = 20_000;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(record.length * count, 12);
  const records = Array.from({ length: count }, (_, i) => {
    const own = Buffer.from(record);
    // Each ends a byte before the one before it.
    own.writeUInt32LE(record.readUInt32LE(20) - i, 20);
    return own;
  });
  const started = performance.now();
  const bomb = Buffer.concat([file.subarray(0, -22 - record.length), ...records, end]);
  const { verdict } = await scanSource("m", bufferSource(bomb));
  t.is(verdict, "unscannable");
  t.true(performance.now() - started < 20_000);
});

test("scanSource() keeps the worst of many observations", async (t) => {
  const entries = Array.from({ length: 60 }, (_, i): ZipEntry => ({
    name: `${i}`,
    data: "x",
    flags: 1,
  }));
  const file = zip([...entries, { name: "evil", data: pickle(call("os", "system", "id"), STOP) }]);
  const { verdict, observations } = await scanSource("m", bufferSource(file), {
    limits: { observations: 10 },
  });
  t.is(verdict, "dangerous");
  t.is(observations.length, 10);
  t.true(observations.some((each) => each.verdict === "dangerous"));
});

function torchEntries(): ZipEntry[] {
  return [
    { name: "m/data.pkl", data: GOOD },
    { name: "m/byteorder", data: "little" },
    // Numbers that begin as a pickle does.
    {
      name: "m/data/0",
      data: Buffer.concat([Buffer.from([0x80, 0x02, 0, 1]), Buffer.alloc(64, 0xaa)]),
    },
    { name: "m/data/1", data: Buffer.alloc(64, 0xbb) },
    { name: "m/version", data: "3\n" },
  ];
}

/** One end record in the comment of the other, each with a directory of its own. */
function twoDirectories(): Buffer {
  const inner = zip([{ name: "b", data: "other" }]);
  const outer = zip([
    { name: "a", data: "one" },
    { name: "inner", data: inner },
  ]);
  const second = Buffer.from(inner.subarray(-22));
  const at = outer.indexOf("PK\x01\x02", outer.indexOf("other"), "latin1");
  second.writeUInt32LE(at, 16);
  const end = outer.length - 22;
  outer.writeUInt16LE(22, end + 20);
  return Buffer.concat([outer, second]);
}

function unicodePath(name: string): Buffer {
  const field = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(field.length, 2);
  return Buffer.concat([head, field]);
}

function wrongSum(): Buffer {
  const file = gzipSync("x".repeat(100));
  file.writeUInt32LE(1, file.length - 8);
  return file;
}
