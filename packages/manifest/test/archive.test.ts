import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { archiveSource, localSource, manifestOf, type Serialization } from "@mlsign/manifest";
import test from "ava";
import { create } from "tar";
import { FILES, temporary, write } from "./files.ts";
import { END, entry, type Entry, pax, tar } from "./tar.ts";

const INVALID = "archive-invalid";
const long = `${"deep/".repeat(60)}${"模型".repeat(20)}.bin`;
const model = {
  "config.json": "{}",
  "weights/model.bin": Buffer.alloc(700_000, 7),
  "weights/empty": "",
  ".hidden": "h",
  ".git/config": "git",
  "模型.bin": "unicode",
  "file (copy).bin": "space",
  [long]: "long",
};

for (const method of ["files", "shards"] as const) {
  for (const packer of ["tar library", "GNU tar, pax", "GNU tar, gnu"] as const) {
    for (const gzip of [false, true]) {
      const what = `${packer}${gzip ? ", gzip" : ""}, ${method}`;
      test(`\`archiveSource()\` gives the manifest of the unpacked directory (${what})`, async (t) => {
        const directory = temporary(t);
        const root = write(join(directory, "m"), model);
        const file = join(directory, gzip ? "m.tar.gz" : "m.tar");
        await pack(packer, root, file, gzip);
        const serialization: Serialization = {
          ...FILES,
          method,
          shardSize: method === "shards" ? 100_000 : undefined,
        };
        const expected = await manifest(localSource(root), serialization);
        const actual = await manifest(archiveSource(file), serialization);
        t.deepEqual(actual.resources, expected.resources);
        t.deepEqual(actual.files, expected.files);
        t.is(actual.root, expected.root);
        t.is(actual.dirHash1, expected.dirHash1);
      });
    }
  }
}

test("`archiveSource()` leaves out what a directory would, and tells it", async (t) => {
  const file = at(t, tar({ name: "a" }, { name: ".gitignore" }, { name: "skip/b" }, { name: "c" }));
  const listing = await archiveSource(file).list({ ignorePaths: ["skip"] });
  t.deepEqual(
    listing.files.map(({ name }) => name),
    ["a", "c"],
  );
  t.deepEqual(listing.ignored, ["skip/b"]);
  const only = await archiveSource(file).list({ only: ["c", "gone"] });
  t.deepEqual(
    only.files.map(({ name }) => name),
    ["c"],
  );
  await t.throwsAsync(archiveSource(file).list({ ignorePaths: ["a", "skip", "c"] }), {
    code: "model-empty",
  } as object);
});

test("`archiveSource()` does not strip a folder that holds everything", async (t) => {
  const file = at(t, tar({ name: "model/", type: "5" }, { name: "model/a" }));
  const listing = await archiveSource(file).list();
  t.deepEqual(
    listing.files.map(({ name }) => name),
    ["model/a"],
  );
});

const plain = tar({ name: "a", content: "A" }, { name: "b", content: "B".repeat(600) });

/** Each must be refused whole: two programs could read it in two ways. */
const hostile: [string, Buffer][] = [
  ["a symbolic link", tar({ name: "l", type: "2", link: "/etc/passwd" })],
  ["a hard link", tar({ name: "a" }, { name: "l", type: "1", link: "a" })],
  ["a character device", tar({ name: "d", type: "3" })],
  ["a block device", tar({ name: "d", type: "4" })],
  ["a FIFO", tar({ name: "f", type: "6" })],
  ["a contiguous file", tar({ name: "f", type: "7" })],
  ["a sparse file", tar({ name: "f", type: "S" })],
  ["an unknown type", tar({ name: "f", type: "Z" })],
  ["an ignored link", tar({ name: "a" }, { name: ".git", type: "2", link: "x" })],
  ["a file with a link's target", tar({ name: "a", link: "b" })],
  ["an absolute name", tar({ name: "/etc/passwd" })],
  ["a name that goes up", tar({ name: "../a" })],
  ["a name that goes up inside", tar({ name: "a/../../b" })],
  ["a name with `.` inside", tar({ name: "a/./b" })],
  ["a name with an empty part", tar({ name: "a//b" })],
  ["a backslash", tar({ name: "..\\a" })],
  ["an absolute name after `./`", tar({ name: ".//etc/passwd" })],
  ["no name", tar({ name: "" })],
  ["a name that is `./` alone", tar({ name: "./", content: "x" })],
  ["a directory that goes up", tar({ name: "../d/", type: "5" }, { name: "a" })],
  ["a name that is not UTF-8", tar({ name: Buffer.from([0x61, 0xff]) })],
  ["the same name twice", tar({ name: "a" }, { name: "a" })],
  ["the same name twice, after `./`", tar({ name: "a" }, { name: "././a" })],
  ["a file and a directory of one name", tar({ name: "a" }, { name: "a/", type: "5" })],
  ["a file inside a file", tar({ name: "a" }, { name: "a/b" })],
  ["a file where a directory is", tar({ name: "a/b" }, { name: "a" })],
  ["a directory with content", tar({ name: "d", type: "5", content: "x" }, { name: "a" })],
  ["a file with a slash and content", tar({ name: "d/", content: "x" })],
  ["a wrong checksum", tar({ name: "a", checksum: "000001\0 " })],
  ["a size that is not octal", tar({ name: "a", size: "0000000000x\0" })],
  ["a size with more behind it", tar({ name: "a", size: "00000\x000001\0\0" })],
  ["a negative size", tar({ name: "a", size: Buffer.alloc(12, 0xff) })],
  [
    "a size beyond counting",
    tar({ name: "a", size: Buffer.from([0x80, ...Buffer.alloc(11, 0xff)]) }),
  ],
  ["no end marker", plain.subarray(0, plain.length - 1024)],
  ["half an end marker", plain.subarray(0, plain.length - 512)],
  ["an end within a file", plain.subarray(0, 1024 + 512 + 300)],
  ["an end within a header", plain.subarray(0, 300)],
  ["an end within padding", plain.subarray(0, 512 + 100)],
  ["nothing", Buffer.alloc(0)],
  ["no tar", Buffer.from("x".repeat(2048))],
  [
    "an empty block between entries",
    Buffer.concat([entry({ name: "a" }), Buffer.alloc(512), entry({ name: "b" }), END]),
  ],
  ["an entry after the end marker", Buffer.concat([plain, entry({ name: "c" }), END])],
  ["data after the end marker", Buffer.concat([plain, Buffer.from("x")])],
  ["a global name", tar({ type: "g", content: pax(["path", "evil"]) }, { name: "a" })],
  ["a global size", tar({ type: "g", content: pax(["size", "1"]) }, { name: "a" })],
  ["two extended headers", tar(x(["comment", "1"]), x(["comment", "2"]), { name: "a" })],
  ["two names", tar(x(["path", "b"]), { type: "L", content: "c\0" }, { name: "a" })],
  ["a name twice in one header", tar(x(["path", "b"], ["path", "c"]), { name: "a" })],
  ["an extended header at the end", tar({ name: "a" }, x(["path", "b"]))],
  ["an extended name that goes up", tar(x(["path", "../b"]), { name: "a" })],
  ["an extended name with a NUL", tar(x(["path", "a\0b"]), { name: "a" })],
  ["a link's target in an extended header", tar(x(["linkpath", "b"]), { name: "a" })],
  ["a sparse file in an extended header", tar(x(["GNU.sparse.major", "1"]), { name: "a" })],
  ["a record that is too long", tar({ type: "x", content: "99 path=b\n" }, { name: "a" })],
  ["a record that is too short", tar({ type: "x", content: "5 path=b\n" }, { name: "a" })],
  ["a record without `=`", tar({ type: "x", content: "8 pathb\n" }, { name: "a" })],
  ["an extended size that is no number", tar(x(["size", "1e3"]), { name: "a" })],
  ["an extended size that is wrong", tar(x(["size", "2000"]), { name: "a", content: "x" })],
  ["a name whose rest hides behind a NUL", tar({ name: "a\0b\nc" })],
  ["compressed data that is cut short", gzipSync(plain).subarray(0, -6)],
  ["compressed data that is damaged", damaged(gzipSync(plain))],
  ["data after the compressed part", Buffer.concat([gzipSync(plain), Buffer.from("garbage")])],
  [
    "data after zeros after the compressed part",
    Buffer.concat([gzipSync(plain), Buffer.alloc(700), Buffer.from("x")]),
  ],
  ["a second compressed part with data", Buffer.concat([gzipSync(plain), gzipSync("x")])],
];
for (const [what, bytes] of hostile) {
  test(`\`archiveSource()\` refuses ${what}`, async (t) => {
    await t.throwsAsync(archiveSource(at(t, bytes)).list(), { code: INVALID } as object);
    if (bytes[0] === 0x1f) return;
    const zipped = archiveSource(at(t, gzipSync(bytes), "zipped"));
    await t.throwsAsync(zipped.list(), { code: INVALID } as object);
  });
}

/** What honest programs write. */
const honest: [string, Buffer][] = [
  ["padding to a record", Buffer.concat([plain, Buffer.alloc(9216)])],
  ["zeros after the compressed part", Buffer.concat([gzipSync(plain), Buffer.alloc(600)])],
  [
    "two compressed parts",
    Buffer.concat([gzipSync(plain.subarray(0, 700)), gzipSync(plain.subarray(700))]),
  ],
  [
    "a comment for all entries",
    Buffer.concat([entry({ type: "g", content: pax(["comment", "git"]) }), plain]),
  ],
  [
    "`./` before each name",
    tar(
      { name: "./", type: "5" },
      { name: "./a", content: "A" },
      { name: "./b", content: "B".repeat(600) },
    ),
  ],
  [
    "extended names and sizes",
    tar(
      x(["path", "a"], ["mtime", "1.5"]),
      { name: "x", content: "A" },
      x(["size", "600"], ["path", "b"]),
      { name: "y", size: "00000000000\0", content: "B".repeat(600) },
    ),
  ],
  [
    "GNU long names",
    tar(
      { type: "L", content: "a\0" },
      { name: "x", content: "A", magic: "ustar  \0" },
      { name: "b", content: "B".repeat(600) },
    ),
  ],
  [
    "a size in base 256",
    tar(
      { name: "a", content: "A", size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) },
      { name: "b", content: "B".repeat(600) },
    ),
  ],
];
for (const [what, bytes] of honest) {
  test(`\`archiveSource()\` takes ${what}`, async (t) => {
    const { resources } = await manifest(archiveSource(at(t, bytes)), FILES);
    const root = write(temporary(t), { a: "A", b: "B".repeat(600) });
    t.deepEqual(resources, (await manifest(localSource(root), FILES)).resources);
  });
}

test("`archiveSource()` joins a ustar prefix and a name", async (t) => {
  const file = at(t, tar({ prefix: "deep/er", name: "a" }));
  t.is((await archiveSource(file).list()).files[0]?.name, "deep/er/a");
});

test("`archiveSource()` bounds an extended header", async (t) => {
  const big = tar({ type: "x", content: pax(["comment", "x".repeat(1_100_000)]) }, { name: "a" });
  await t.throwsAsync(archiveSource(at(t, big)).list(), { code: "limit-exceeded" } as object);
});

test("`archiveSource()` refuses an archive that changed between names and digests", async (t) => {
  const file = at(t, plain);
  const source = archiveSource(file);
  const listing = await source.list();
  writeFileSync(file, tar({ name: "a", content: "X" }, { name: "b", content: "B".repeat(600) }));
  await t.throwsAsync(manifestOf(source, listing, { serialization: FILES }), {
    code: "file-changed-while-hashing",
  } as object);
  appendFileSync(file, Buffer.alloc(512));
  await t.throwsAsync(manifestOf(source, listing, { serialization: FILES }), {
    code: "file-changed-while-hashing",
  } as object);
});

test("`archiveSource()` says what is missing or no file", async (t) => {
  const directory = temporary(t);
  mkdirSync(join(directory, "d"));
  execFileSync("mkfifo", [join(directory, "fifo")]);
  symlinkSync("none", join(directory, "broken"));
  const wrong: [string, string][] = [
    ["none", "model-missing"],
    ["broken", "model-missing"],
    ["d", INVALID],
    ["fifo", INVALID],
  ];
  for (const [name, code] of wrong) {
    await t.throwsAsync(archiveSource(join(directory, name)).list(), { code } as object);
  }
});

test("`manifestOf()` unpacks an archive as it hashes it, and nothing that was not listed", async (t) => {
  const file = at(
    t,
    tar({ name: "sub/a", content: "A" }, { name: ".git/x" }, { name: "b", content: "B" }),
  );
  const into = temporary(t);
  const source = archiveSource(file);
  const { resources } = await manifestOf(source, await source.list(), {
    serialization: FILES,
    into,
  });
  t.deepEqual((await manifest(localSource(into), FILES)).resources, resources);
  t.is(readFileSync(join(into, "sub/a"), "utf8"), "A");
  const again = manifestOf(source, await source.list(), { serialization: FILES, into });
  await t.throwsAsync(again, { code: "output-exists" } as object);
});

test("`archiveSource()` keeps memory flat over content that unpacks a thousandfold", async (t) => {
  const zeros = Buffer.alloc(256 * 1024 * 1024);
  const file = at(t, gzipSync(tar({ name: "zeros", content: zeros }), { level: 1 }));
  const before = process.memoryUsage.rss();
  let most = 0;
  const source = archiveSource(file);
  await manifestOf(source, await source.list(), {
    serialization: FILES,
    onProgress: () => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    },
  });
  t.true(most < 100 * 1024 * 1024, `grew by ${most}`);
});

function manifest(source: ReturnType<typeof localSource>, serialization: Serialization) {
  return source.list().then((listing) => {
    return manifestOf(source, listing, { serialization, also: ["sha256"] });
  });
}

async function pack(packer: string, root: string, file: string, gzip: boolean): Promise<void> {
  if (packer === "tar library") {
    await create({ cwd: root, file, gzip }, ["."]);
    return;
  }
  const format = packer.endsWith("pax") ? "pax" : "gnu";
  execFileSync("tar", [`--format=${format}`, gzip ? "-czf" : "-cf", file, "-C", root, "."]);
}

function x(...records: readonly (readonly [string, string])[]): Entry {
  return { type: "x", content: pax(...records) };
}

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8((copy[20] ?? 0) ^ 0x55, 20);
  return copy;
}

function at(t: Parameters<typeof temporary>[0], bytes: Buffer, name = "m.tar"): string {
  const file = join(temporary(t), name);
  writeFileSync(file, bytes);
  return file;
}
