import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  createTextMd5,
  dirOid,
  hashData,
  parseDirObject,
  parseDvcConfig,
  parseDvcFile,
  parseDvcLock,
  remoteKey,
} from "@mlsign/dvc";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";

function folder(t: ExecutionContext, files: Record<string, string | Buffer>): string {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-dvc-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

// Values that DVC's own tests hold (lineage.md 1.4).
const trees: [Record<string, string>, string][] = [
  [{}, "d751713988987e9331980363e24189ce"],
  [{ foo: "foo", bar: "bar" }, "5ea40360f5b4ec688df672a4db9c17d1"],
  [{ foo: "foo", bar: "bar", foobar: "foobar" }, "a5beca056acbef9e0013347efdc2b751"],
  [{ bar: "bar" }, "91aaa9bb58b657d623ef143b195a67e4"],
  [{ foo: "foo", "subdir/lorem": "lorem" }, "22a16c9bf84b3068bc2206d88a6b5776"],
  [{ foo: "foo", bar: "bar", "subdir/data": "data" }, "8761c4e9acad696bee718615e23e22db"],
  [{ data: "data" }, "af314506f1622d107e0ed3f14ec1a3b5"],
  [{ foo: "foo", bar: "bar", baz: "baz" }, "ba75a2162ca9c29acecb7957105a0bc2"],
  [{ "subdir/file": "file", other: "other" }, "70922d6bf66eb073053a82f77d58c536"],
  [{ one: "one", two: "two" }, "6b18131dc289fd37006705affe961ef8"],
  [{ file: "text" }, "0dab3fae569586d4c33272e5011605bf"],
  [{ "1": "1", "2": "2" }, "5fb6b29836c388e093ca0715c872fe2a"],
];
for (const [files, md5] of trees) {
  test(`hashData() calls ${JSON.stringify(files)} what DVC calls it`, async (t) => {
    const data = await hashData(folder(t, files), "md5");
    t.is(data.oid, `${md5}.dir`);
    t.is(data.nfiles, Object.keys(files).length);
    t.regex(data.sha256, /^[0-9a-f]{64}$/);
  });
}

test("dirOid() orders and escapes names as Python does", (t) => {
  const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
  const names = [
    "café.txt",
    "日本/語.bin",
    "\u{1f600}.txt",
    "\uffee.txt",
    'a"b\\c',
    "tab\there",
    "del\u007f",
    "a/b",
    "a.txt",
    "a-b",
    "A",
    "bad\udcff",
  ];
  t.is(
    dirOid(names.map((relpath, i) => ({ relpath, md5: md5(String(i + 1)) }))),
    "2f1fc45da315675197565cfb3bd369f9.dir",
  );
});

test("hashData() hashes a name that is no UTF-8 as DVC does", async (t) => {
  const dir = folder(t, {});
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/bad`), Buffer.from([0xff])]), "12");
  t.is((await hashData(dir, "md5")).files[0]?.relpath, "bad\udcff");
});

const legacy: [string, Buffer, string][] = [
  ["nothing", Buffer.from(""), "d41d8cd98f00b204e9800998ecf8427e"],
  ["line ends", Buffer.from("a\r\nb\r\nc"), "c32b2057b9bd62caa835386346177935"],
  ["a NUL", Buffer.from("a\r\n\0b\r\n"), "e9edb956dbaaaedb0aa43117f5961b20"],
  [
    "a line end across two chunks",
    Buffer.from(`${"x".repeat(2 ** 20 - 1)}\r\ny\r\n`),
    "e1825541a28894307881fc219afcc49f",
  ],
  [
    "a NUL after the first 512 bytes",
    Buffer.from("a\r\n".repeat(400_000) + "\0".repeat(600)),
    "1c1523ffa0792d740d9b6206d89d4913",
  ],
  [
    "text, then a binary chunk",
    Buffer.from(`${"t\r\n".repeat(349_525)}\r${"\0\r\n".repeat(1000)}`),
    "0b37bda4fdec8aac8b1c1c586a4b067f",
  ],
];
for (const [what, bytes, md5] of legacy) {
  test(`createTextMd5() hashes ${what} as DVC 2 did, in whatever pieces it comes`, (t) => {
    for (const piece of [bytes.length + 1, 1000, 65_537]) {
      const hash = createTextMd5();
      for (let at = 0; at < bytes.length; at += piece) hash.update(bytes.subarray(at, at + piece));
      t.is(hash.digest(), md5);
    }
  });
}

// The first public collision of MD5 (Wang and others, 2004).
const COLLISION = [
  "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70",
  "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70",
].map((hex) => Buffer.from(hex, "hex"));

test("hashData() tells two files apart that have one MD5, alone and in a directory", async (t) => {
  const [one, other] = COLLISION.map((bytes) => folder(t, { "data/x.bin": bytes ?? "" }));
  const hash = (root: string | undefined, name: string) => hashData(join(root ?? "", name), "md5");
  const [file, file2] = [await hash(one, "data/x.bin"), await hash(other, "data/x.bin")];
  t.is(file.oid, "79054025255fb1a26e4bc422aef54eb4");
  t.is(file.oid, file2.oid);
  t.not(file.sha256, file2.sha256);
  const [dir, dir2] = [await hash(one, "data"), await hash(other, "data")];
  t.is(dir.oid, dir2.oid);
  t.is(dir.sha256, dir2.sha256);
  t.not(dir.dirHash1, dir2.dirHash1);
});

test("hashData() refuses a linked directory, which DVC leaves out", async (t) => {
  const dir = folder(t, { "real/a": "1" });
  symlinkSync(join(dir, "real"), join(dir, "link"));
  await t.throwsAsync(hashData(dir, "md5"), { code: "symlink-refused" } as object);
});

test("parseDirObject() reads what dirOid() names", (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z0-9é]{1,8}(?:\/[a-z]{1,4})?$/u)),
      (names) => {
        const entries = names.map((relpath) => ({
          relpath,
          md5: createHash("md5").update(relpath).digest("hex"),
        }));
        const json = `[${entries.map((e) => JSON.stringify(e)).join(", ")}]`;
        const oid = `${createHash("md5").update(json).digest("hex")}.dir`;
        t.deepEqual(parseDirObject(Buffer.from(json), oid), entries);
      },
    ),
  );
});

const hostile: [string, string][] = [
  ["an escaping name", '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "../x"}]'],
  ["an absolute name", '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "/x"}]'],
  ["a backslash", '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a\\\\b"}]'],
  ["an empty name", '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": ""}]'],
  [
    "a name twice",
    '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a"}, {"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a"}]',
  ],
  ["no digest", '[{"md5": "x", "relpath": "a"}]'],
  ["no list", "{}"],
];
for (const [what, json] of hostile) {
  test(`parseDirObject() refuses ${what}`, (t) => {
    const oid = `${createHash("md5").update(json).digest("hex")}.dir`;
    t.throws(() => parseDirObject(Buffer.from(json), oid), { code: "dvc-invalid" } as object);
  });
}

test("parseDirObject() refuses content that its name is not the hash of", (t) => {
  t.throws(() => parseDirObject(Buffer.from("[]"), "d751713988987e9331980363e24189cf.dir"), {
    code: "dvc-invalid",
  } as object);
});

test("parseDvcFile() tells DVC 3 from DVC 2 by the hash key", (t) => {
  const three = parseDvcFile(
    "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f.dir\n  size: 14445097\n  nfiles: 2\n  hash: md5\n  path: model\n",
    "x.dvc",
  );
  t.like(three.outs[0], {
    path: "model",
    oid: "22a1a2931c8370d3aeedd7183606fd7f.dir",
    algorithm: "md5",
    nfiles: 2,
  });
  const two = parseDvcFile(
    "outs:\n- md5: A304AFB96060AAD90176268345E10355\n  size: 1\n  path: data.xml\n",
    "x.dvc",
  );
  t.like(two.outs[0], { oid: "a304afb96060aad90176268345e10355", algorithm: "md5-dos2unix" });
  t.is(
    remoteKey("a304afb96060aad90176268345e10355", "md5"),
    "files/md5/a3/04afb96060aad90176268345e10355",
  );
  t.is(
    remoteKey("a304afb96060aad90176268345e10355", "md5-dos2unix"),
    "a3/04afb96060aad90176268345e10355",
  );
});

test("parseDvcLock() reads stages, and refuses the schema before 2.0", (t) => {
  const lock =
    "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    deps:\n    - path: data\n      hash: md5\n      md5: 22a1a2931c8370d3aeedd7183606fd7f.dir\n    outs:\n    - path: m.pkl\n      hash: md5\n      md5: d41d8cd98f00b204e9800998ecf8427e\n";
  const [train] = parseDvcLock(lock, "dvc.lock");
  t.like(train, { name: "train", cmd: "python train.py" });
  t.is(train?.outs[0]?.path, "m.pkl");
  t.throws(() => parseDvcLock("train:\n  cmd: x\n", "dvc.lock"), { code: "dvc-invalid" } as object);
});

const LOCK = `schema: '2.0'
stages:
${["train", "plain", "each@a", "each@b@c", "grid@x-y"]
  .map((name) => `  ${name}:\n    cmd: x\n    outs:\n    - path: m\n      md5: ${"d".repeat(32)}\n`)
  .join("")}`;

test("parseDvcLock() takes where a stage runs from dvc.yaml", (t) => {
  const pipeline =
    "base: &base\n  wdir: sub/dir\nstages:\n  train:\n    <<: *base\n    cmd: x\n  plain: {cmd: x}\n" +
    "  each:\n    foreach: [a, b@c]\n    do: {wdir: 'data/${item}', cmd: x}\n  grid: {matrix: {k: [x-y]}, cmd: x, wdir: g}\n";
  t.deepEqual(
    parseDvcLock(LOCK, "dvc.lock", pipeline).map(({ name, wdir }) => [name, wdir]),
    [
      ["train", "sub/dir"],
      ["plain", "."],
      ["each@a", "data/a"],
      ["each@b@c", "data/b@c"],
      ["grid@x-y", "g"],
    ],
  );
  t.is(parseDvcLock(LOCK, "dvc.lock", "stages: {}\n")[0]?.wdir, undefined);
  t.is(parseDvcLock(LOCK, "dvc.lock")[0]?.wdir, undefined);
});

for (const [what, pipeline] of [
  ["where a template says where a stage runs", "stages: {train: {wdir: '${where}', cmd: x}}\n"],
  ["where wdir is no text", "stages: {train: {wdir: [a], cmd: x}}\n"],
  [
    "an alias bomb beside it",
    `a: &a [x]\nb: &b [*a, *a]\nc: [${"*b,".repeat(1000)}]\nstages: {}\n`,
  ],
] as const) {
  test(`parseDvcLock() refuses ${what}`, (t) => {
    t.throws(() => parseDvcLock(LOCK, "dvc.lock", pipeline), { code: "dvc-invalid" } as object);
  });
}

const broken: [string, string][] = [
  ["an alias bomb", `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nouts: [{path: x, md5: *c}]\n`],
  ["a duplicate key", "outs: []\nouts: []\n"],
  ["an MD5 that is none", "outs: [{path: x, hash: md5, md5: zz}]\n"],
  [
    "an MD5 that YAML reads as a number",
    "outs: [{path: x, hash: md5, md5: 12345678901234567890123456789012}]\n",
  ],
  ["an unknown hash", "outs: [{path: x, hash: sha1, md5: d41d8cd98f00b204e9800998ecf8427e}]\n"],
  ["no path", "outs: [{md5: d41d8cd98f00b204e9800998ecf8427e}]\n"],
  ["a negative size", "outs: [{path: x, size: -1}]\n"],
  ["no mapping", "- a\n"],
];
for (const [what, yaml] of broken) {
  test(`parseDvcFile() refuses ${what}`, (t) => {
    t.throws(() => parseDvcFile(yaml, "x.dvc"), { code: "dvc-invalid" } as object);
  });
}

test("parseDvcFile() never takes an ETag for a digest", (t) => {
  const stage = parseDvcFile(
    "outs:\n- path: s3://b/x\n  etag: d41d8cd98f00b204e9800998ecf8427e\n",
    "x.dvc",
  );
  t.like(stage.outs[0], { oid: undefined, etagOnly: true });
});

test("parseDvcConfig() reads addresses and no secret", (t) => {
  const config = parseDvcConfig(
    "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://user:pw@bucket/path\n    access_key_id = AKIA\n    secret_access_key = SECRET\n    version_aware = true\n    endpointurl = http://127.0.0.1:9000\n",
    ".dvc/config",
  );
  t.deepEqual(config, {
    defaultRemote: "store",
    remotes: [
      {
        name: "store",
        url: "s3://bucket/path",
        versionAware: true,
        endpointUrl: "http://127.0.0.1:9000",
      },
    ],
  });
  t.notRegex(JSON.stringify(config), /SECRET|AKIA|pw/);
  t.throws(() => parseDvcConfig("nonsense\n", "x"), { code: "dvc-invalid" } as object);
});
